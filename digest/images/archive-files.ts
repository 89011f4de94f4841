import { closeSync } from 'node:fs';
import type { BlobRegion } from '#digest/blobs/layer-source';
import { cleanInRoot, parentOf } from '#digest/layers/clean-path';
import { quoted } from '#digest/quoted';
import { type ArchiveMember, archiveMembers } from './archive-members.ts';
import { plainArchive } from './compressed-archive.ts';
import { openHostFile } from './host-file.ts';
import { imageError } from './image-error.ts';
import type { StoredFiles } from './stored-files.ts';

const MAX_MEMBERS = 100_000;
const MAX_LINKS = 8;

/**
 * The members of an archive, compressed or not. What is in it stays where it is.
 *
 * @param onProgress called while it is unpacked, with the bytes of it read so far and all of them
 * @throws {DigestError} `image`, `unreadable`
 */
export async function openArchive(
  path: string,
  onProgress?: (read: number, all: number) => void,
): Promise<StoredFiles> {
  using stack = new DisposableStack();
  const stored = stack.adopt(openHostFile(path), ({ fd }) => closeSync(fd));
  const archive = await plainArchive(stored, path, stack, onProgress);
  const members = await readMembers(archive);
  const held = stack.move();
  return {
    label: quoted(path),
    find: (name) => findMember(members, name),
    [Symbol.dispose]: () => held.dispose(),
  };
}

async function readMembers(archive: BlobRegion): Promise<ReadonlyMap<string, ArchiveMember>> {
  const members = new Map<string, ArchiveMember>();
  let count = 0;
  for await (const member of archiveMembers(archive)) {
    count += 1;
    if (count > MAX_MEMBERS) {
      throw imageError(`expected at most ${MAX_MEMBERS} members in the archive, found more`);
    }
    // Archives say more than once what is a directory, and nothing follows from it.
    if (member.type === 'directory') continue;
    const name = cleanInRoot(member.name);
    if (members.has(name)) {
      throw imageError(`expected each member of the archive once, found ${quoted(name)} twice`);
    }
    members.set(name, member);
  }
  return members;
}

function findMember(
  members: ReadonlyMap<string, ArchiveMember>,
  wanted: string,
): BlobRegion | undefined {
  let name = wanted;
  for (let links = 0; links <= MAX_LINKS; links += 1) {
    const member = members.get(name);
    if (member === undefined) return undefined;
    const target = linkTarget(name, member);
    if (target === undefined) return contentOf(name, member);
    name = target;
  }
  throw imageError(
    `expected at most ${MAX_LINKS} links to a member, found more at ${quoted(wanted)}`,
  );
}

/** A symbolic link's target starts in its directory, a hard link's at the archive's root. */
function linkTarget(name: string, { type, linkName }: ArchiveMember): string | undefined {
  if (type === 'link') return cleanInRoot(linkName);
  if (type !== 'symlink') return undefined;
  return cleanInRoot(linkName.startsWith('/') ? linkName : `${parentOf(name)}/${linkName}`);
}

function contentOf(name: string, { type, isSparse, content }: ArchiveMember): BlobRegion {
  if (isSparse) throw imageError(`expected ${quoted(name)} with all its bytes, found it sparse`);
  if (type === 'file' || type === 'contiguous-file') return content;
  throw imageError(
    `expected a file at ${quoted(name)} of the archive, found a ${type ?? 'member of an unknown type'}`,
  );
}
