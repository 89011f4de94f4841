import { STDOUT } from '#tools/output';
import { type Cell, formatTable } from '#tools/table';
import { isTerminal } from '#tools/terminal';
import type { MeasuredContainer } from './measured-container.ts';
import type { UnmeasuredContainer } from './unmeasured-container.ts';

const SHORT_ID = 12;
const SHORT_DIGEST = 'sha256:'.length + 12;
const HEAD = ['CONTAINER', 'ROOTFS DIGEST', 'WRITABLE', 'STATE', 'STARTED', 'IMAGE', 'NAME'];

export type ShownContainer = MeasuredContainer | UnmeasuredContainer;

const WHY: Readonly<Record<UnmeasuredContainer['why'], string>> = {
  'not-seen': 'the hook was not called',
  skipped: 'skipped, as the configuration says',
  allowed: 'could not be measured, and was let start',
};

/** One line a container. Ids and digests are short on a terminal, where people compare them by eye, and whole elsewhere. */
export function formatContainers(containers: readonly ShownContainer[]): string {
  if (containers.length === 0) return 'no containers\n';
  return formatTable(...withoutEmpty(HEAD, containers.map(formatRow)));
}

type Table = readonly [head: readonly string[], rows: readonly (readonly Cell[])[]];

/** podman and Docker tell the hook neither image nor name: a column of nothing says nothing. */
function withoutEmpty(...[head, rows]: Table): Table {
  const isShown = (_: unknown, column: number): boolean =>
    rows.some((row) => row[column]?.text !== '');
  return [head.filter(isShown), rows.map((row) => row.filter(isShown))];
}

function formatRow(container: ShownContainer): readonly Cell[] {
  const short = isTerminal(STDOUT);
  return [
    { text: short ? container.id.slice(0, SHORT_ID) : container.id },
    ...measurementOf(container, short),
    container.running ? { text: 'running', style: 'green' } : { text: 'gone', style: 'gray' },
    { text: container.started ?? 'earlier boot' },
    { text: container.image ?? '' },
    { text: nameOf(container) },
  ];
}

/** Its digest, and what is above the image. */
function measurementOf(container: ShownContainer, short: boolean): readonly [Cell, Cell] {
  if (!container.measured) {
    const kind = container.class === 'container' ? container.why : container.class;
    return [{ text: 'unmeasured', style: 'red' }, { text: kind }];
  }
  const { digest } = container;
  return [{ text: short ? digest.slice(0, SHORT_DIGEST) : digest }, writableOf(container)];
}

function writableOf({ view, writable }: MeasuredContainer): Cell {
  if (view === 'merged') return { text: 'merged', style: 'yellow' };
  return writable.every((layer) => layer === 'pristine')
    ? { text: 'pristine', style: 'green' }
    : { text: 'changed', style: 'red' };
}

/** `namespace/pod/container`, as far as the engine told. */
function nameOf({ namespace, pod, container }: ShownContainer): string {
  return [namespace, pod, container].filter((part) => part !== undefined).join('/');
}

/** Everything about one container, in full. */
export function formatContainer(container: ShownContainer): string {
  const rows = container.measured ? rowsOfMeasured(container) : rowsOfUnmeasured(container);
  const told = rows.filter(([, value]) => value !== undefined && value !== '');
  return formatTable(
    [],
    told.map(([name, value = '']) => [{ text: name, style: 'bold' }, { text: value }]),
  );
}

type Row = readonly [name: string, value: string | undefined];

function rowsOfMeasured({ ns, ...entry }: MeasuredContainer): readonly Row[] {
  return [
    ['container', entry.id],
    ['rootfs digest', entry.digest],
    ['view', entry.view],
    ['writable layers', entry.writable.join(' ') || 'none'],
    ['record', entry.record],
    ['PCR', String(entry.pcr)],
    ['state', entry.running ? 'running' : 'gone'],
    ['started', entry.started ?? `in an earlier boot, ${entry.bootId}`],
    ['pid', String(entry.pid)],
    [
      'namespaces',
      Object.entries(ns)
        .map(([name, inode]) => `${name}:[${inode}]`)
        .join(' '),
    ],
    ...rowsOfIdentity(entry),
  ];
}

function rowsOfUnmeasured(container: UnmeasuredContainer): readonly Row[] {
  return [
    ['container', container.id],
    ['rootfs digest', 'unmeasured'],
    ['why', WHY[container.why]],
    ['reason', container.reason],
    ['class', container.class],
    ['state', 'running'],
    ['started', container.started],
    ['pid', String(container.pid)],
    ['on file in', container.file],
    ...rowsOfIdentity(container),
  ];
}

function rowsOfIdentity(entry: ShownContainer | Omit<MeasuredContainer, 'ns'>): readonly Row[] {
  return [
    ['engine', entry.engine],
    ['image', entry.image],
    ['pod', entry.pod],
    ['namespace', entry.namespace],
    ['name', entry.container],
  ];
}
