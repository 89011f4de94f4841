import { join } from 'node:path';
import { type BuildOptions, build, type Plugin } from 'esbuild';

/** A thread's program, and the module whose function starts it from its file, which an executable does not have. */
interface ThreadProgram {
  readonly entry: string;
  readonly source: RegExp;
  /** The function, which passes its argument on to the thread. */
  readonly start: string;
}

const THREADS: readonly ThreadProgram[] = [
  {
    entry: 'digest/hash-worker.ts',
    source: /\/digest\/hash-worker-source\.ts$/,
    start: 'startHashWorker',
  },
  {
    entry: 'digest/blobs/layer-worker.ts',
    source: /\/digest\/blobs\/layer-worker-source\.ts$/,
    start: 'startLayerWorker',
  },
];

/**
 * The whole program as one CommonJS text. (ESM output breaks execa, whose dependencies `require`.) A module that
 * is imported dynamically stays unevaluated until then. The text depends on the sources alone: not on where they
 * are, nor on when or by whom they are bundled.
 *
 * @param repository absolute path of the checkout
 */
export async function bundleProgram(repository: string, version: string): Promise<string> {
  const plugins = await Promise.all(
    THREADS.map(async (thread) => threadAsText(thread, await bundle(repository, thread.entry, {}))),
  );
  return await bundle(repository, 'tools/main.ts', {
    define: {
      OCI_MEASURE_VERSION: JSON.stringify(version),
      'import.meta.url': 'executableUrl',
    },
    banner: { js: "const executableUrl = require('node:url').pathToFileURL(__filename).href;" },
    plugins: [...plugins, parserWithoutChildren],
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
    // Its other form finds its own modules by a `require` that no bundler sees.
    alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
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
function threadAsText({ source, start }: ThreadProgram, code: string): Plugin {
  const contents = `
    import { SHARE_ENV, Worker } from 'node:worker_threads';
    export function ${start}(workerData) {
      return new Worker(${JSON.stringify(code)}, { eval: true, workerData, env: SHARE_ENV, trackUnmanagedFds: false, stdout: true, stderr: true });
    }`;
  return {
    name: `${start}-from-text`,
    setup(hooks) {
      hooks.onLoad({ filter: source }, () => ({ contents, loader: 'js' }));
    },
  };
}

/** The argument parser could start other programs, which no command does. To load what starts them takes 4 ms (measured). */
const parserWithoutChildren: Plugin = {
  name: 'parser-without-children',
  setup(hooks) {
    hooks.onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      importer.includes('/node_modules/commander/')
        ? { path: 'no-children', namespace: 'no-children' }
        : undefined,
    );
    hooks.onLoad({ filter: /.*/, namespace: 'no-children' }, () => ({
      contents: 'module.exports = {};',
      loader: 'js',
    }));
  },
};
