import { printable } from '#tools/printable';
import { paint, type Style } from '#tools/table';
import type { Engine, Finding } from './finding.ts';

const MARKS: Readonly<Record<Finding['status'], { readonly mark: string; readonly style: Style }>> =
  {
    ok: { mark: 'ok', style: 'green' },
    warning: { mark: 'warning', style: 'yellow' },
    problem: { mark: 'problem', style: 'red' },
  };

/** In the order in which they are shown. */
const TITLES: ReadonlyMap<Engine | undefined, string> = new Map([
  [undefined, 'this machine'],
  ['podman', 'podman'],
  ['buildah', 'buildah'],
  ['cri-o', 'CRI-O'],
  ['containerd', 'containerd'],
  ['docker', 'Docker'],
  ['kubernetes', 'Kubernetes'],
]);

/** All findings, for people, engine by engine: those that need nothing take one line. */
export function formatFindings(findings: readonly Finding[]): string {
  const width = Math.max(0, ...findings.map(({ check }) => check.length));
  const groups = [...TITLES].map(([engine, title]) => {
    const own = findings.filter((finding) => finding.engine === engine);
    const lines = own.flatMap((finding) => formatFinding(finding, width));
    return lines.length === 0 ? [] : [paint('bold', title), ...lines, ''];
  });
  return `${[...groups.flat(), summary(findings)].join('\n')}\n`;
}

function formatFinding(finding: Finding, width: number): readonly string[] {
  const { mark, style } = MARKS[finding.status];
  const indent = ' '.repeat('problem'.length + width + 4);
  const head = `${paint(style, mark.padEnd('problem'.length))}  ${finding.check.padEnd(width)}  ${printable(finding.found)}`;
  if (finding.status === 'ok') return [head];
  const mend = finding.mend === undefined ? [] : [`${indent}mend: ${paint('bold', finding.mend)}`];
  return [head, `${indent}expected: ${printable(finding.expected)}`, ...mend];
}

function summary(findings: readonly Finding[]): string {
  const [problems, warnings] = ['problem', 'warning'].map(
    (status) => findings.filter((finding) => finding.status === status).length,
  );
  if (problems === 0 && warnings === 0) return paint('green', 'nothing to mend');
  return paint(
    problems === 0 ? 'yellow' : 'red',
    `${plural(problems ?? 0, 'problem')}, ${plural(warnings ?? 0, 'warning')}`,
  );
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}
