import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

// Not below /tmp: what anybody may write to is not believed.
const parent = '/var/lib/oci-measure-test';

/** A directory of the test's own that is gone when it ends. */
export interface TestDirectory extends Disposable {
  readonly path: string;
}

export function makeDirectory(): TestDirectory {
  mkdirSync(parent, { recursive: true });
  const path = mkdtempSync(join(parent, 'input-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
