/**
 * The stage: OpenSeadragon with the slide, and two canvases of our own above it.
 *
 *     marks     regions, drafts, cursor      repainted at every frame that changed
 *     washes    heat map and tissue mask     its opacity is the canvas's own
 *     slide     OpenSeadragon
 */
import OpenSeadragon from 'openseadragon';
import type { Box, Point } from '../../app/core/geometry.ts';
import type { SlideView } from '../../app/core/project.ts';
import type { SlideLook } from '../../app/core/slide.ts';
import { type Affine, affineFrom, scaleOf, toSlide } from './affine.ts';
import { overviewPx, roomyView } from './roomy-view.ts';
import { slideTiles } from './slide-tiles.ts';

export interface StageOptions {
  readonly element: HTMLElement;
  readonly washes: HTMLCanvasElement;
  readonly marks: HTMLCanvasElement;
  readonly slide: SlideView;
  readonly look: SlideLook;
  readonly paintWashes: (ctx: CanvasRenderingContext2D, camera: Affine, ratio: number) => void;
  readonly paintMarks: (ctx: CanvasRenderingContext2D, camera: Affine, width: number, height: number) => void;
  readonly looked: (camera: Affine, rotation: number) => void;
  readonly failed: (message: string) => void;
  /** A tile could not be had; why is in the error. */
  readonly pictureFailed: (error: unknown) => void;
}

export class SlideStage {
  readonly viewer: OpenSeadragon.Viewer;
  readonly #options: StageOptions;
  #camera: Affine | null = null;
  #frame = 0;
  /** Of several changes in a row the last one counts. */
  #turn = 0;

  constructor(options: StageOptions) {
    this.#options = options;
    keepStyleOut();
    this.viewer = new OpenSeadragon.Viewer({
      element: options.element,
      tileSources: this.#tilesOf(options.look),
      showNavigationControl: false,
      showNavigator: true,
      navigatorPosition: 'TOP_RIGHT',
      navigatorWidth: `${overviewPx}px`,
      navigatorHeight: `${overviewPx}px`,
      navigatorAutoFade: false,
      navigatorRotate: true,
      navigatorDisplayRegionColor: '#8f6df2',
      drawer: 'canvas',
      animationTime: matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : 0.35,
      springStiffness: 9,
      maxZoomPixelRatio: 8,
      minZoomImageRatio: 0.5,
      visibilityRatio: 0.3,
      zoomPerScroll: 1.35,
      imageLoaderLimit: 4,
      timeout: 60_000,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: false, scrollToZoom: true, flickEnabled: true },
      gestureSettingsPen: { clickToZoom: false, dblClickToZoom: false },
      gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: false, pinchRotate: false },
      tabIndex: -1,
    } as unknown as OpenSeadragon.Options);
    // The window has its own keys.
    this.viewer.addHandler('canvas-key', (event) => Object.assign(event, { preventDefaultAction: true }));
    for (const name of ['open', 'update-viewport', 'resize', 'rotate', 'animation'] as const) {
      this.viewer.addHandler(name, () => this.redraw());
    }
    this.viewer.addHandler('open', () => this.home(true));
    this.viewer.addHandler('open-failed', () => options.failed('The slide could not be shown.'));
  }

  #tilesOf(look: SlideLook): OpenSeadragon.TileSourceSpecifier {
    const { slide, pictureFailed } = this.#options;
    return slideTiles(slide, look, pictureFailed) as unknown as OpenSeadragon.TileSourceSpecifier;
  }

  /** Shows the same place in another plane or other colours; what was there stays until the new tiles have come. */
  show(look: SlideLook): void {
    const turn = ++this.#turn;
    const { world } = this.viewer;
    this.viewer.addTiledImage({
      tileSource: this.#tilesOf(look),
      success: (event: unknown) => {
        const { item } = event as { item: OpenSeadragon.TiledImage };
        const older = (): OpenSeadragon.TiledImage[] =>
          Array.from({ length: world.getItemCount() }, (_, i) => world.getItemAt(i)).filter((one) => one !== item);
        if (turn !== this.#turn) world.removeItem(item);
        else
          item.whenFullyLoaded(() => {
            if (turn === this.#turn) for (const one of older()) world.removeItem(one);
          });
      },
    });
  }

  get camera(): Affine | null {
    return this.#camera;
  }

  /** Asks for one repaint before the next frame; many calls make one. */
  redraw = (): void => {
    if (this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.#paint();
    });
  };

  #look(): Affine | null {
    const image = this.viewer.world.getItemAt(0);
    if (!image) return null;
    const { widthPx, heightPx } = this.#options.slide.info;
    const place = (x: number, y: number): Point => {
      const at = this.viewer.viewport.pixelFromPoint(image.imageToViewportCoordinates(x, y, true), true);
      return [at.x, at.y];
    };
    return affineFrom(place(0, 0), place(widthPx, 0), place(0, heightPx), widthPx, heightPx);
  }

  #paint(): void {
    const { element, washes, marks, paintWashes, paintMarks, looked } = this.#options;
    const camera = this.#look();
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth: width, clientHeight: height } = element;
    this.#camera = camera;
    for (const canvas of [washes, marks]) {
      if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
        canvas.width = Math.round(width * ratio);
        canvas.height = Math.round(height * ratio);
      }
      canvas.getContext('2d')?.clearRect(0, 0, canvas.width, canvas.height);
    }
    const wash = washes.getContext('2d');
    const pen = marks.getContext('2d');
    if (!camera || !wash || !pen) return;
    paintWashes(wash, camera, ratio);
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    paintMarks(pen, camera, width, height);
    pen.setTransform(1, 0, 0, 1, 0, 0);
    looked(camera, this.viewer.viewport.getRotation());
  }

  /** Level-0 point under a place of the element, CSS px. */
  toSlide(at: Point): Point | null {
    return this.#camera ? toSlide(this.#camera, at) : null;
  }

  centre(): Point | null {
    const { clientWidth, clientHeight } = this.#options.element;
    return this.toSlide([clientWidth / 2, clientHeight / 2]);
  }

  /** The whole slide, beside the tools and the overview. A turned slide takes the whole stage. */
  home(atOnce = false): void {
    const { viewport, world } = this.viewer;
    const image = world.getItemAt(0);
    if (!image || viewport.getRotation() % 360 !== 0) {
      viewport.goHome(atOnce);
      return;
    }
    const { clientWidth, clientHeight } = this.#options.element;
    const { x, y, width, height } = roomyView(this.#options.slide, clientWidth, clientHeight);
    viewport.fitBounds(image.imageToViewportRectangle(x, y, width, height), atOnce);
  }

  zoomBy(factor: number): void {
    this.viewer.viewport.zoomBy(factor);
    this.viewer.viewport.applyConstraints();
  }

  /** `scale` in CSS px per level-0 px, at the middle of the view. */
  zoomTo(scale: number): void {
    if (this.#camera) this.zoomBy(scale / scaleOf(this.#camera));
  }

  /** Moves the view by a share of its own size. */
  panBy(shareX: number, shareY: number): void {
    const bounds = this.viewer.viewport.getBoundsNoRotate();
    this.viewer.viewport.panBy(new OpenSeadragon.Point(shareX * bounds.width, shareY * bounds.height));
    this.viewer.viewport.applyConstraints();
  }

  rotateBy(degrees: number): void {
    this.viewer.viewport.setRotation(this.viewer.viewport.getRotation(true) + degrees);
  }

  /** Brings a level-0 box into view with some room around it. */
  goTo({ x, y, width, height }: Box, room = 1.6): void {
    const image = this.viewer.world.getItemAt(0);
    if (!image) return;
    const w = width * room;
    const h = height * room;
    const rect = image.imageToViewportRectangle(x + width / 2 - w / 2, y + height / 2 - h / 2, w, h);
    this.viewer.viewport.fitBounds(rect);
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.viewer.destroy();
  }
}

/** OpenSeadragon adds a style element for touch screens unless it finds its own; the content security policy forbids it. */
function keepStyleOut(): void {
  if (document.querySelector('style[data-openseadragon-mobile-css]')) return;
  // An element of that name which is no style sheet: even an empty one would be a violation.
  const stand = document.createElementNS('urn:eosin', 'style');
  stand.setAttribute('data-openseadragon-mobile-css', 'true');
  document.head.append(stand);
}
