import { readFileSync } from 'node:fs';

/** Set when the executable is built (esbuild's `define`), so that it need not find package.json. */
declare const OCI_MEASURE_VERSION: string | undefined;

/** The program's version, as in package.json. */
export const version: string =
  typeof OCI_MEASURE_VERSION === 'string' ? OCI_MEASURE_VERSION : readPackageVersion();

function readPackageVersion(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  const { version: found }: { version: string } = JSON.parse(text);
  return found;
}
