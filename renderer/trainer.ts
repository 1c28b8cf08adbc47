/** Entry of the hidden window that trains: nothing is shown. Its ticket stands in the fragment. */
import { lendPages } from './state/trainer-pages.ts';

void lendPages(location.hash.slice(1));
