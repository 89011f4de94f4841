import { execa } from 'execa';
import { program } from './program.ts';

/** What `oci-measure digest` prints. */
export async function digestOf(source: string): Promise<string> {
  const { stdout } = await execa(program, ['digest', source]);
  return stdout;
}
