import { dirname } from 'node:path';
import { execa } from 'execa';
import { program } from '#integration/program';
import { showCommand, showMessage, showOutput } from './terminal.ts';

export interface Shell {
  /** Shows a command line, runs it, shows what it prints, and returns that. */
  run(line: string): Promise<string>;
  /** The same for one that has to fail: returns its complaint. */
  runRefused(line: string): Promise<string>;
  /** Runs a command line without a word. */
  quietly(line: string): Promise<string>;
}

/**
 * A shell in `directory` that finds `oci-measure` and the TPM. The lines it is given are the demo's own: what the
 * reader sees is what runs.
 */
export function openShell(directory: string, tcti: string): Shell {
  const execute = (line: string) =>
    execa('sh', ['-c', line], {
      cwd: directory,
      env: {
        PATH: `${dirname(program)}:${process.env['PATH']}:/usr/sbin:/sbin`,
        TPM2TOOLS_TCTI: tcti,
      },
      stdin: 'ignore',
      all: true,
      reject: false,
    });
  const run = async (line: string): Promise<string> => {
    const result = await execute(line);
    if (result.failed) throw new Error(`\`${line}\` failed\n${result.all}`);
    return result.all;
  };
  return {
    quietly: run,
    async run(line) {
      showCommand(line);
      const output = await run(line);
      showOutput(output);
      return output;
    },
    async runRefused(line) {
      showCommand(line);
      const result = await execute(line);
      if (!result.failed) throw new Error(`\`${line}\` should have failed`);
      showMessage(result.all);
      return result.all;
    },
  };
}
