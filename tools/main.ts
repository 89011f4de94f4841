/**
 * The executable. It knows four things, since they must start fast: what version it is, that `hook` goes straight
 * to the hook and `add-hook` (whose arguments are a runtime's) likewise, and which thread `digest` will want. Everything else is the
 * command line's.
 */
import { version } from './version.ts';

const IMAGE = /^(?:oci|oci-archive|docker-archive):/;

async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) {
      const { runHookCommand } = await import('./hook.ts');
      return await runHookCommand(args.slice(1));
    }
    if (args[0] === 'add-hook') {
      const { addHook } = await import('./add-hook.ts');
      return addHook(args.slice(1));
    }
    if (args.length === 1 && args[0] === '--version') {
      const { writeOut } = await import('./output.ts');
      writeOut(`${version}\n`);
      return 0;
    }
    if (args[0] === 'digest') await startThreadEarly(args);
    const { runCommandLine } = await import('./command-line.ts');
    return await runCommandLine(args);
  } catch (error) {
    const { reportFailure } = await import('./report.ts');
    return reportFailure(error);
  }
}

/** The thread that will read SOURCE takes 20 ms to come (measured). Meanwhile the command line is loaded. A listing needs none. */
async function startThreadEarly(args: readonly string[]): Promise<void> {
  if (args.some((argument) => argument.startsWith('listing:'))) return;
  if (args.some((argument) => IMAGE.test(argument))) {
    const { startReadingEarly } = await import('#digest/blobs/layer-threads');
    startReadingEarly();
  } else {
    const { startHashingEarly } = await import('#digest/hash-threads');
    startHashingEarly();
  }
}

/**
 * Ends at once. Returning would let a timer, a worker or a handle that was left behind keep a container waiting, and process.exit
 * takes Node and its threads apart first, for 5 ms (measured). Everything was written synchronously.
 */
function exit(code: number): never {
  const signature = { _exit: { arguments: ['i32'], return: 'void' } } as const;
  process.getBuiltinModule('node:ffi').dlopen(null, signature).functions._exit(code);
  process.exit(code);
}

void main(process.argv.slice(2)).then(exit);
