/** `npm run bench [NAME [-- PART ...]]`: measures against a peer in the same run. Results are kept by hand in RESULTS.md. */
import os from 'node:os';

const benches: Record<string, (parts: readonly string[]) => Promise<void>> = {
  engine: async () => (await import('./engine.ts')).benchEngine(),
  parity: async () => (await import('./parity.ts')).benchParity(),
  predict: async () => (await import('./predict.ts')).benchPredict(),
  reliability: async (parts) => (await import('./reliability.ts')).benchReliability(parts),
  training: async (parts) => (await import('./training.ts')).benchTraining(parts),
  slides: async (parts) => (await import('./slides.ts')).benchSlides(parts),
};

const [wanted, ...parts] = process.argv.slice(2);
if (wanted !== undefined && !(wanted in benches)) {
  console.error(`There is no bench "${wanted}". There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(64);
}
console.log(
  `${os.cpus()[0]?.model}, ${os.availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}`,
);
for (const name of wanted === undefined ? Object.keys(benches) : [wanted]) {
  console.log(`\n${name}`);
  await benches[name]!(parts);
}
