import { styleText } from 'node:util';
import { Command, CommanderError } from 'commander';
import { describeCommands } from './commands.ts';
import { ToolError } from './errors.ts';
import { examples } from './examples.ts';
import { writeError, writeOut } from './output.ts';
import { version } from './version.ts';

/**
 * Parses the arguments, runs what they ask for, and returns its exit code. Nothing but the parser is loaded before
 * it is known which command is meant.
 *
 * @throws ToolError `usage`, and whatever the command throws
 */
export async function runCommandLine(args: readonly string[]): Promise<number> {
  let exitCode = 0;
  const program = describeProgram();
  describeCommands(program, (code) => {
    exitCode = code;
  });
  for (const command of [program, ...program.commands]) {
    // Made when it is asked for: `bold` looks at standard output, for which Node loads its network (4 ms, measured).
    command.addHelpText('after', () => `\n${bold('Examples:')}\n${examples(command.name())}`);
  }
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return exitCodeOf(error, helpOf(program, args));
    throw error;
  }
}

function describeProgram(): Command {
  return new Command('oci-measure')
    .description('Measures container images into a TPM while containers are created.')
    .version(version, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand('help [COMMAND]', 'print help for a command')
    .option('--config <FILE>', 'configuration file (default: /etc/oci-measure/config.toml)')
    .configureHelp({
      showGlobalOptions: true,
      subcommandTerm: (command) => [command.name(), ...argumentNames(command)].join(' '),
      styleTitle: bold,
    })
    .configureOutput({ writeOut, writeErr: writeError, outputError: () => {} })
    .exitOverride();
}

function argumentNames(command: Command): readonly string[] {
  return command.registeredArguments.map((argument) =>
    argument.required ? argument.name() : `[${argument.name()}]`,
  );
}

function bold(text: string): string {
  return styleText('bold', text);
}

function helpOf({ commands }: Command, args: readonly string[]): string {
  const name = args.find((argument) => commands.some((command) => command.name() === argument));
  return name === undefined ? 'oci-measure --help' : `oci-measure ${name} --help`;
}

/** @throws ToolError `usage`: commander's message in our form */
function exitCodeOf(error: CommanderError, help: string): number {
  if (error.exitCode === 0) return 0;
  if (error.code === 'commander.help') return 2;
  const [message = '', suggestion] = error.message
    .replace(/^error: /, '')
    .split('\n(Did you mean ');
  const hint =
    suggestion === undefined
      ? `see \`${help}\``
      : `did you mean \`${suggestion.replace(/\?\)$/, '')}\`?`;
  throw new ToolError('usage', message, { hint, cause: error });
}
