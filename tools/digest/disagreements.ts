import type { AmbiguityError, Disagreement } from '#digest/layers/layered-rootfs';
import { escapePath } from '#digest/listing-path';

/** The first tell what kind of image it is; `--semantics … --json` has more. */
const TOLD = 10;

/** Lines for people: a path, and below it what each engine shows there. */
export function describeDisagreements({
  disagreements,
  disagreementCount,
}: Pick<AmbiguityError, 'disagreements' | 'disagreementCount'>): readonly string[] {
  const told = disagreements.slice(0, TOLD);
  const more = disagreementCount - told.length;
  return [
    ...told.flatMap(describe),
    ...(more > 0 ? [`and ${more.toLocaleString('en')} more paths`] : []),
  ];
}

function describe({ path, answers }: Disagreement): readonly string[] {
  const shownPath = escapePath(path);
  const byAnswer = Map.groupBy(answers, ([, answer]) => answer);
  return [
    shownPath,
    ...[...byAnswer].map(([answer, entries]) => {
      const engines = entries.map(([engine]) => engine).join(', ');
      return `  ${engines}: ${withoutPath(answer, shownPath)}`;
    }),
  ];
}

/** An entry with attributes has several lines. */
function withoutPath(answer: string, path: string): string {
  const lines = answer.startsWith(`${path} `) ? answer.slice(path.length + 1) : answer;
  return lines.replaceAll('\n', ' ');
}
