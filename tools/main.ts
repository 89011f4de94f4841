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

// Exits rather than returns: no timer, worker or handle left behind may keep a container waiting.
void main(process.argv.slice(2)).then((code) => process.exit(code));
