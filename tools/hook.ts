import { ToolError } from './errors.ts';
import { version } from './version.ts';

export interface HookArguments {
  readonly config: string | undefined;
  readonly stage: string | undefined;
}

/** `hook [--config FILE] [STAGE]`, without the argument parser that everybody else loads: a container is waiting. */
export async function runHookCommand(args: readonly string[]): Promise<number> {
  const hookArguments = parseHookArguments(args);
  const { runHook } = await import('#hook/main');
  return await runHook({ ...hookArguments, version });
}

/** @throws ToolError `usage` */
export function parseHookArguments(args: readonly string[]): HookArguments {
  let config: string | undefined;
  let stage: string | undefined;
  for (let index = 0; index < args.length; index += 1) {
    const argument = args[index] ?? '';
    if (argument === '--config') {
      index += 1;
      config = once('--config', config, args[index]);
    } else if (argument.startsWith('--config=')) {
      config = once('--config', config, argument.slice('--config='.length));
    } else if (argument.startsWith('-')) {
      throw usage(`unknown option ${JSON.stringify(argument)}`);
    } else {
      stage = once('STAGE', stage, argument);
    }
  }
  return { config, stage };
}

function once(name: string, before: string | undefined, value: string | undefined): string {
  if (before !== undefined) throw usage(`${name} is given twice`);
  if (value === undefined || value === '') throw usage(`${name} is empty`);
  return value;
}

function usage(message: string): ToolError {
  return new ToolError('usage', `hook: ${message}`, {
    hint: 'the arguments are `oci-measure hook [--config FILE] [STAGE]`',
  });
}
