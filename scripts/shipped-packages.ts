/** The packages that leave this checkout with the program: a walk over package-lock.json from what is shipped. */

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

export interface LockedPackage {
  readonly name: string;
  readonly version: string;
  readonly licence: string;
  /** From the root of the checkout. */
  readonly folder: string;
  /** Made for one system or processor: whether it is installed differs from machine to machine. */
  readonly systemSpecific: boolean;
}

/** Build tools whose code ends up in dist/renderer, in the wasm kernels, or around the app. */
const bundled = ['@lucide/svelte', 'assemblyscript', 'openseadragon', 'svelte', 'uplot'];

/** Their own dependencies are tools of the build and of the installation, not parts of the program. */
const withoutDependencies = new Set(['assemblyscript', 'electron', 'svelte']);

/** Packages whose manifest only points to a text: what the text is (h5wasm: NIST's own code, and HDF5). */
const licenceByText: Readonly<Record<string, string>> = { h5wasm: 'NIST-Software AND BSD-3-Clause' };

interface LockEntry {
  readonly version: string;
  readonly license?: string;
  readonly dependencies?: Record<string, string>;
  readonly optionalDependencies?: Record<string, string>;
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
}

/** Sorted by name and version, each once. */
export function shippedPackages(root: string): LockedPackage[] {
  const lock = JSON.parse(readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  const entries = lock.packages;
  const own = entries[''] as LockEntry;
  const found = new Map<string, LockedPackage>();
  const visit = (folder: string): void => {
    const entry = entries[folder];
    if (entry === undefined || found.has(folder)) return;
    const name = folder.slice(folder.lastIndexOf('node_modules/') + 'node_modules/'.length);
    found.set(folder, {
      name,
      version: entry.version,
      licence: licenceByText[name] ?? entry.license ?? installedLicence(path.join(root, folder)),
      folder,
      systemSpecific: entry.os !== undefined || entry.cpu !== undefined || name.startsWith('@img/sharp-'),
    });
    if (withoutDependencies.has(name)) return;
    for (const dependency of Object.keys({ ...entry.dependencies, ...entry.optionalDependencies })) {
      const resolved = resolveFrom(entries, folder, dependency);
      if (resolved !== null) visit(resolved);
    }
  };
  const roots = [...Object.keys({ ...own.dependencies, ...own.optionalDependencies }), ...bundled, 'electron'];
  for (const name of roots) visit(`node_modules/${name}`);
  const unique = new Map([...found.values()].map((one) => [`${one.name} ${one.version}`, one]));
  return [...unique.values()].sort((a, b) => compare(a.name, b.name) || compare(a.version, b.version));
}

/** As Node does: the nearest node_modules up from the package. */
function resolveFrom(entries: Record<string, LockEntry>, folder: string, name: string): string | null {
  for (let base = folder; ; base = base.slice(0, base.lastIndexOf('/node_modules/'))) {
    const candidate = `${base}/node_modules/${name}`;
    if (entries[candidate] !== undefined) return candidate;
    if (!base.includes('/node_modules/')) break;
  }
  return entries[`node_modules/${name}`] === undefined ? null : `node_modules/${name}`;
}

function installedLicence(folder: string): string {
  const manifest = path.join(folder, 'package.json');
  if (!existsSync(manifest)) return 'unknown';
  const { license } = JSON.parse(readFileSync(manifest, 'utf8')) as { license?: string };
  if (license !== undefined) return license;
  // A package may state its licence in its text alone.
  const text = path.join(folder, 'LICENSE');
  return existsSync(text) && /^\s*(The )?MIT License/i.test(readFileSync(text, 'utf8')) ? 'MIT' : 'unknown';
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
