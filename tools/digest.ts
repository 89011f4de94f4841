import type { ByteString } from '#digest/entry';
import { escapePath } from '#digest/listing-path';
import { type DigestOptions, digestRootfs, type RootfsDigest } from '#digest/rootfs';
import { formatJSON } from './json.ts';
import { writeOut } from './output.ts';
import { noProgress, startProgress } from './progress.ts';
import { reportWarning } from './report.ts';
import { parseSource } from './source.ts';
import { isTerminal } from './table.ts';
import { openTree, type Tree } from './tree.ts';

/** Of one kind, that are told one by one; the rest is counted. */
const TOLD = 10;

export interface DigestCommand {
  readonly source: string;
  readonly listing: boolean;
  readonly json: boolean;
  readonly config: string | undefined;
}

/**
 * Prints the rootfs digest of a tree as it stands, or its listing.
 *
 * @throws ToolError `usage`, `source`; DigestError; HookError `config`, `bundle`
 */
export async function digest(command: DigestCommand): Promise<number> {
  // Nothing in it matters here; a wrong one is told all the same.
  if (command.config !== undefined) {
    const { readConfiguration } = await import('./configuration.ts');
    readConfiguration(command.config);
  }
  using tree = await openTree(parseSource(command.source));
  const result = digestTree(tree, command.listing);
  if (command.json) writeOut(formatJSON(describe(command.source, result)));
  else if (!command.listing) writeOut(`${result.digest}\n`);
  tell(result.foreignMounts, 'another mount: left out', 'other mounts left out');
  tell(result.sockets, 'a socket, as no image holds one: not listed', 'sockets not listed');
  return 0;
}

function digestTree(tree: Tree, listing: boolean): RootfsDigest {
  const progress = listing && isTerminal() ? noProgress : startProgress('reading');
  const onListing: DigestOptions['onListing'] = (chunk) => {
    progress.count(chunk);
    if (listing) writeOut(chunk);
  };
  try {
    const mappings = tree.idMappings === undefined ? {} : { idMappings: tree.idMappings };
    return digestRootfs([tree.root], { ...mappings, foreignMounts: 'leave-out', onListing });
  } finally {
    progress.clear();
  }
}

/** docs/schema/digest.json */
function describe(source: string, result: RootfsDigest): object {
  const { digest: digestText, entries, fileBytes, sockets, foreignMounts } = result;
  return {
    source,
    digest: digestText,
    entries,
    bytes: fileBytes,
    sockets: sockets.map(escapePath),
    foreignMounts: foreignMounts.map(escapePath),
  };
}

function tell(paths: readonly ByteString[], one: string, many: string): void {
  for (const path of paths.slice(0, TOLD)) reportWarning(`${escapePath(path)}: ${one}`);
  if (paths.length > TOLD) reportWarning(`${paths.length - TOLD} more ${many}`);
}
