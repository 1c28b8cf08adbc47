/** Entry of the window: takes the token out of the address, then shows the app. */
import './state/zod-without-eval.ts';
import { mount } from 'svelte';
import App from './App.svelte';
import './theme.css';
import './base.css';
import { layout } from './state/layout.svelte.ts';
import { takeToken } from './state/token.ts';
import { workspace } from './state/workspace.svelte.ts';

const project = takeToken();
layout.applyTheme();
void workspace.start(project);

const target = document.getElementById('app');
if (!target) throw new Error('index.html has no #app');
mount(App, { target });
