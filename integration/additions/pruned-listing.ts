import { createHash } from 'node:crypto';
import { execa } from 'execa';
import { program } from '#integration/program';

/**
 * The digest that the merged view of an unchanged image has, as docs/engines/additions.md tells a verifier to compute it:
 * the image's listing without those of the pruned paths that are empty in it.
 *
 * @param source as for `oci-measure digest`
 */
export async function digestWithout(source: string, pruned: readonly string[]): Promise<string> {
  const { stdout } = await execa(program, ['digest', '--listing', source], {
    encoding: 'latin1',
    stripFinalNewline: false,
  });
  let lines = stdout.split('\n');
  for (const path of pruned.toSorted((a, b) => b.split('/').length - a.split('/').length)) {
    const at = lines.findIndex((line) => line.startsWith(`${path} `));
    const isEmpty =
      !lines.some((line) => line.startsWith(`${path}/`)) &&
      / type=dir | size=0 | link=\/proc\/mounts$/.test(lines[at] ?? '');
    if (!isEmpty) continue;
    let end = at + 1;
    while (lines[end]?.startsWith('#xattr ')) end += 1;
    lines = lines.toSpliced(at, end - at);
  }
  const bytes = Buffer.from(lines.join('\n'), 'latin1');
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
