/** Imported first: the window's content security policy allows no code from text, which zod would try for speed. */
import { z } from 'zod';

z.config({ jitless: true });
