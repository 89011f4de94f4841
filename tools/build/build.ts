/** `npm run build`: makes dist/oci-measure. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { version } from '#tools/version';
import { bundleProgram } from './bundle.ts';
import { makeExecutable } from './executable.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
// 150 MB that were half made are removed on exit, which a signal is not.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(130));
const output = join(repository, 'dist', 'oci-measure');
await mkdir(join(repository, 'dist'), { recursive: true });
await makeExecutable(await bundleProgram(repository, version), output);
process.stdout.write(`built ${output}\n`);
