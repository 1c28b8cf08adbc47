/** The drawing process: draws one slide a message and says how far it is. */
import { reportOf } from '../core/errors.ts';
import type { ParentPort } from '../core/worker-process.ts';
import type { DrawReply, DrawRequest } from './demo-messages.ts';
import { drawSlide } from './draw-slide.ts';

export function serveDemo(port: ParentPort): void {
  const reply = (message: DrawReply): void => port.send(message);
  port.onMessage((message) => {
    const { spec, file, truthFile } = message as DrawRequest;
    drawSlide(spec, file, truthFile, (done) => reply({ type: 'progress', name: spec.name, done })).then(
      () => reply({ type: 'drawn', name: spec.name }),
      (thrown: unknown) => reply({ type: 'failed', name: spec.name, error: reportOf(thrown) }),
    );
  });
  port.onClose(() => process.exit(0));
}
