/** `npm run bench [NAME]`: measures against a peer in the same run. Results are kept by hand in RESULTS.md. */
import os from 'node:os';

const benches: Record<string, () => Promise<void>> = {
  engine: async () => (await import('./engine.ts')).benchEngine(),
  predict: async () => (await import('./predict.ts')).benchPredict(),
};

const wanted = process.argv.slice(2);
const unknown = wanted.find((name) => !(name in benches));
if (unknown) {
  console.error(`There is no bench "${unknown}". There are: ${Object.keys(benches).join(', ')}.`);
  process.exit(64);
}
console.log(
  `${os.cpus()[0]?.model}, ${os.availableParallelism()} cores, Node ${process.version}, ${new Date().toISOString()}`,
);
for (const name of wanted.length > 0 ? wanted : Object.keys(benches)) {
  console.log(`\n${name}`);
  await benches[name]!();
}
