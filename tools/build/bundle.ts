import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

const WORKER = 'digest/hash-worker.ts';
/** The module that starts the thread from its file, which an executable does not have. */
const WORKER_SOURCE = /\/digest\/hash-worker-source\.ts$/;

/**
 * The whole program as one CommonJS text. (ESM output breaks execa, whose dependencies `require`.) A module that
 * is imported dynamically stays unevaluated until then. The text depends on the sources alone: not on where they
 * are, nor on when or by whom they are bundled.
 *
 * @param repository absolute path of the checkout
 */
export async function bundleProgram(repository: string, version: string): Promise<string> {
  const worker = await bundle(repository, WORKER, {});
  return await bundle(repository, 'tools/main.ts', {
    define: {
      OCI_MEASURE_VERSION: JSON.stringify(version),
      'import.meta.url': 'executableUrl',
    },
    banner: { js: "const executableUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [workerAsText(worker)],
  });
}

async function bundle(repository: string, entry: string, options: BuildOptions): Promise<string> {
  const result = await build({
    ...options,
    absWorkingDir: repository,
    entryPoints: [join(repository, entry)],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node26',
    format: 'cjs',
    // A single executable cannot import(); require() does the same for what is built in.
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    // A checkout's node_modules may be a link; paths in the text are those below the checkout.
    preserveSymlinks: true,
    legalComments: 'none',
    logLevel: 'warning',
  });
  const [output] = result.outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${JSON.stringify(entry)}`);
  return output.text;
}

/** The same function as in the module that it replaces, with the thread's program as text. */
function workerAsText(code: string): Plugin {
  const contents = `
    import { SHARE_ENV, Worker } from 'node:worker_threads';
    export function startHashWorker(workerData) {
      return new Worker(${JSON.stringify(code)}, { eval: true, workerData, env: SHARE_ENV, trackUnmanagedFds: false });
    }`;
  return {
    name: 'worker-as-text',
    setup(hooks) {
      hooks.onLoad({ filter: WORKER_SOURCE }, () => ({ contents, loader: 'js' }));
    },
  };
}
