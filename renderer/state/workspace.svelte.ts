/** The open project and everything the window knows of it. One project is open at a time. */
import type { RegionClass } from '../../app/core/annotation.ts';
import { EosinError } from '../../app/core/errors.ts';
import type { ModelView, PatientPart, ProjectView, RunView, SlideView } from '../../app/core/project.ts';
import type { DivergingAnswer } from '../../app/core/run.ts';
import { type AppInfo, api, type RunRequest } from './api.ts';
import { engines } from './engines.svelte.ts';
import { notices } from './notices.svelte.ts';
import { RegionStore } from './region-store.svelte.ts';
import { RunFeed } from './run-feed.svelte.ts';
import { lendPages } from './trainer-pages.ts';

class Workspace {
  info = $state.raw<AppInfo | null>(null);
  /** True until it is known whether a project is open. */
  starting = $state(true);
  project = $state.raw<ProjectView | null>(null);
  slideId = $state<string | null>(null);
  feeds = $state.raw<readonly RunFeed[]>([]);
  /** Grows when labels, classes or the split change, so that what depends on them is asked again. */
  planVersion = $state(0);
  #lending = false;
  #stores = new Map<string, RegionStore>();
  regions = $state.raw<RegionStore | null>(null);

  slides = $derived<readonly SlideView[]>(this.project?.slides ?? []);
  classes = $derived<readonly RegionClass[]>(this.project?.classes ?? []);
  models = $derived<readonly ModelView[]>(this.project?.models ?? []);
  slide = $derived<SlideView | null>(this.slides.find((slide) => slide.id === this.slideId) ?? null);
  running = $derived<RunFeed | null>(this.feeds.find((feed) => feed.running) ?? null);
  training = $derived<RunFeed | null>(this.feeds.find((feed) => feed.run.kind === 'train') ?? null);

  /** Asks the host what it is; opens the project that was asked for, or the one that is open already (a reload keeps it). */
  async start(handle: string | null): Promise<void> {
    try {
      this.info = await api.app();
      if (handle) this.show(await api.openProject(handle));
      else if (this.info.projectOpen) this.show(await api.project());
      if (this.info.host === 'browser') this.#lend();
      // Without an answer the chip says that the engine is not known; training itself reports what is wrong.
      void engines.measure().catch(() => undefined);
    } catch (error) {
      notices.fail(error, { label: 'Try again', run: () => void this.start(handle) });
    } finally {
      this.starting = false;
    }
  }

  /** Once; the installed app trains in a hidden window of its own. */
  #lend(): void {
    if (!this.#lending) void lendPages(null);
    this.#lending = true;
  }

  show(project: ProjectView): void {
    this.#forget();
    this.project = project;
    // Those that still go on are followed at once; the others are read when somebody looks at them.
    const newest = [...project.runs].sort((a, b) => b.createdAt.localeCompare(a.createdAt));
    this.feeds = newest.map((run) => new RunFeed(run));
    for (const feed of this.feeds) if (feed.running) this.#follow(feed);
    this.openSlide(project.slides[0]?.id ?? null);
  }

  async close(): Promise<void> {
    await api.closeProject();
    this.#forget();
    this.info = await api.app();
  }

  #forget(): void {
    for (const feed of this.feeds) feed.close();
    this.feeds = [];
    this.#stores.clear();
    this.project = null;
    this.slideId = null;
    this.regions = null;
  }

  openSlide(id: string | null): void {
    if (id === this.slideId) return;
    this.slideId = id;
    if (!id) {
      this.regions = null;
      return;
    }
    let store = this.#stores.get(id);
    if (!store) {
      store = new RegionStore(id, () => this.labelsChanged());
      this.#stores.set(id, store);
      store.load().catch((error: unknown) => notices.fail(error));
    }
    this.regions = store;
  }

  /** True while a change of any slide waits to be stored. */
  get unsaved(): boolean {
    return [...this.#stores.values()].some((store) => store.saveState !== 'saved');
  }

  nextSlide(step: 1 | -1): void {
    const at = this.slides.findIndex((slide) => slide.id === this.slideId);
    const next = this.slides[at + step];
    if (next) this.openSlide(next.id);
  }

  /** Reads the project again without touching what is open; after labels, runs or slides changed on the host. */
  async refresh(): Promise<void> {
    const project = await api.project();
    this.project = project;
    if (this.slideId && !project.slides.some((slide) => slide.id === this.slideId))
      this.openSlide(project.slides[0]?.id ?? null);
    if (!this.slideId && project.slides[0]) this.openSlide(project.slides[0].id);
  }

  labelsChanged(): void {
    this.planVersion++;
  }

  async reloadRegions(): Promise<void> {
    await this.regions?.load();
    this.labelsChanged();
  }

  async saveClasses(classes: readonly RegionClass[]): Promise<void> {
    const stored = await api.putClasses(classes);
    this.#patch({ classes: stored.classes });
    this.labelsChanged();
  }

  takeSlide(slide: SlideView): void {
    this.#patch({ slides: this.slides.map((old) => (old.id === slide.id ? slide : old)) });
    this.labelsChanged();
  }

  takeSplit(split: readonly PatientPart[]): void {
    this.#patch({ split });
    void this.refresh().catch(notices.fail.bind(notices));
    this.labelsChanged();
  }

  /** A slide that came in while others are still being added. */
  takeAdded(slide: SlideView): void {
    this.#patch({ slides: [...this.slides.filter(({ id }) => id !== slide.id), slide] });
  }

  /** Predictions of a slide that have something to show, newest first. */
  predictionsOf(slideId: string): readonly RunFeed[] {
    return this.feeds.filter(
      ({ run, running, story }) =>
        run.kind === 'predict' &&
        run.slideId === slideId &&
        (running || run.state === 'done' || story.ended === 'done'),
    );
  }

  async startRun(asked: RunRequest): Promise<RunFeed> {
    const feed = new RunFeed(await api.startRun(asked));
    this.feeds = [feed, ...this.feeds];
    this.#follow(feed);
    return feed;
  }

  goOn(feed: RunFeed, answer?: DivergingAnswer): Promise<void> {
    return feed.goOn((run) => this.#ended(feed, run), answer);
  }

  #follow(feed: RunFeed): void {
    void feed.follow((run) => this.#ended(feed, run));
  }

  #ended(feed: RunFeed, run: RunView): void {
    if (run.state === 'failed') {
      const error = feed.story.error;
      if (error) notices.report(error);
      else
        notices.fail(
          new EosinError('run/failed', 'internal', `${run.title} failed.`, { remedy: 'Its log says more.' }),
        );
    }
    if (run.state === 'done') notices.good(`${run.title}: done`);
    void this.refresh().catch((error: unknown) => notices.fail(error));
  }

  #patch(change: Partial<ProjectView>): void {
    if (this.project) this.project = { ...this.project, ...change };
  }
}

export const workspace = new Workspace();
