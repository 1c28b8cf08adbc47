/** Compiles the binding between Node and TensorFlow's C API from the sources that @tensorflow/tfjs-node-gpu brings. */
import { createRequire } from 'node:module';
import { dirname, join, sep } from 'node:path';
import { EosinError } from '../core/errors.ts';
import { bindingName, NATIVE_PACKAGE } from '../engine/native-folder-node.ts';
import { runProgram } from './run-program.ts';

const require = createRequire(import.meta.url);

/** The version of the package that brings the sources. Throws `engine/no-sources` where npm left the optional package out. */
export function bindingVersion(): string {
  return (require(packageFile(NATIVE_PACKAGE)) as { version: string }).version;
}

/**
 * Writes `tfjs_binding.node` into the engine's folder, which holds `lib/` and `include/` already. Takes about 15 s. Node-API is
 * stable over versions of Node and Electron, so one binding serves all.
 *
 * @throws EosinError `engine/no-sources`, `engine/no-compiler`, `engine/not-built`.
 */
export async function buildBinding(engineFolder: string, signal: AbortSignal): Promise<void> {
  const sources = onDisk(join(dirname(packageFile(NATIVE_PACKAGE)), 'binding'));
  const nodeHeaders = onDisk(join(dirname(packageFile('node-api-headers')), 'include'));
  const args = [
    ...['-O2', '-fPIC', '-shared', '-std=c++17', '-DNAPI_VERSION=8'],
    ...['-I', join(engineFolder, 'include'), '-I', nodeHeaders],
    ...[join(sources, 'tfjs_backend.cc'), join(sources, 'tfjs_binding.cc')],
    ...['-o', join(engineFolder, bindingName), '-L', join(engineFolder, 'lib')],
    ...['-l:libtensorflow_cc.so.2', '-l:libtensorflow_framework.so.2', '-Wl,-rpath,$ORIGIN/lib'],
  ];
  try {
    await runProgram({ program: 'g++', args }, signal);
  } catch (cause) {
    if (!(cause instanceof EosinError)) throw cause;
    if (cause.code === 'engine/no-program') throw noCompiler(cause);
    throw new EosinError('engine/not-built', 'config', 'The binding to TensorFlow could not be compiled.', {
      remedy: 'Update g++ (11 or newer) and try again; the details hold what it said.',
      fields: { said: cause.fields.said ?? null },
      cause,
    });
  }
}

/** A compiler cannot look into the installed app's archive; what it needs lies beside it. */
function onDisk(path: string): string {
  return path.replace(`${sep}app.asar${sep}`, `${sep}app.asar.unpacked${sep}`);
}

function packageFile(name: string): string {
  try {
    return require.resolve(`${name}/package.json`);
  } catch (cause) {
    throw new EosinError('engine/no-sources', 'config', `The package ${name} is not installed.`, {
      remedy: "Run 'npm ci' without leaving out optional packages.",
      fields: { package: name },
      cause,
    });
  }
}

function noCompiler(cause: EosinError): EosinError {
  return new EosinError('engine/no-compiler', 'config', 'There is no C++ compiler (g++) on this computer.', {
    remedy: 'Install it (Debian, Ubuntu: sudo apt-get install g++) and try again; what was fetched is kept.',
    cause,
  });
}
