/**
 * The executable. It knows three things, since they must start fast: what version it is, that `hook` goes straight
 * to the hook, and that `digest` will want a thread. Everything else is the command line's.
 */
import { version } from './version.ts';

async function main(args: readonly string[]): Promise<number> {
  try {
    if (args[0] === 'hook' && !args.includes('--help') && !args.includes('-h')) {
      const { runHookCommand } = await import('./hook.ts');
      return await runHookCommand(args.slice(1));
    }
    if (args.length === 1 && args[0] === '--version') {
      const { writeOut } = await import('./output.ts');
      writeOut(`${version}\n`);
      return 0;
    }
    if (args[0] === 'digest') {
      const { startHashingEarly } = await import('#digest/hash-threads');
      startHashingEarly();
    }
    const { runCommandLine } = await import('./command-line.ts');
    return await runCommandLine(args);
  } catch (error) {
    const { reportFailure } = await import('./report.ts');
    return reportFailure(error);
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
