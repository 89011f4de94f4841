import { type Cell, formatTable, isTerminal } from '#tools/table';
import type { MeasuredContainer } from './measured-container.ts';

const SHORT_ID = 12;
const SHORT_DIGEST = 'sha256:'.length + 12;
const HEAD = ['CONTAINER', 'ROOTFS DIGEST', 'WRITABLE', 'STATE', 'STARTED', 'IMAGE', 'NAME'];

/** One line a container. Ids and digests are short on a terminal, where people compare them by eye, and whole elsewhere. */
export function formatContainers(containers: readonly MeasuredContainer[]): string {
  if (containers.length === 0) return 'no measured containers\n';
  return formatTable(HEAD, containers.map(formatRow));
}

function formatRow(container: MeasuredContainer): readonly Cell[] {
  const short = isTerminal();
  return [
    { text: short ? container.id.slice(0, SHORT_ID) : container.id },
    { text: short ? container.digest.slice(0, SHORT_DIGEST) : container.digest },
    writableOf(container),
    container.running ? { text: 'running', style: 'green' } : { text: 'gone', style: 'gray' },
    { text: container.started ?? 'earlier boot' },
    { text: container.image ?? '' },
    { text: nameOf(container) },
  ];
}

function writableOf({ view, writable }: MeasuredContainer): Cell {
  if (view === 'merged') return { text: 'merged', style: 'yellow' };
  return writable.every((layer) => layer === 'pristine')
    ? { text: 'pristine', style: 'green' }
    : { text: 'changed', style: 'red' };
}

/** `namespace/pod/container`, as far as the engine told. */
function nameOf({ namespace, pod, container }: MeasuredContainer): string {
  return [namespace, pod, container].filter((part) => part !== undefined).join('/');
}

/** Everything about one container, in full. */
export function formatContainer(container: MeasuredContainer): string {
  const { ns, ...entry } = container;
  const rows: readonly (readonly [string, string | undefined])[] = [
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
    ['engine', entry.engine],
    ['image', entry.image],
    ['pod', entry.pod],
    ['namespace', entry.namespace],
    ['name', entry.container],
  ];
  const told = rows.filter(([, value]) => value !== undefined && value !== '');
  return formatTable(
    [],
    told.map(([name, value = '']) => [{ text: name, style: 'bold' }, { text: value }]),
  );
}
