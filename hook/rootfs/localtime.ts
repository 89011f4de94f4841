import type { ByteString } from '#digest/entry';
import type { AddedEntry, ContainerChoice } from './engine-additions.ts';
import { isMadeFile, isMadeLink } from './made-entries.ts';

const zones: ByteString = '../usr/share/zoneinfo/';

/**
 * podman's and CRI-O's `--tz`, which takes away whatever `etc/localtime` is: it becomes a link to one of the image's own
 * time zones, or, where the image has none of that name, the place of a mount that config.json names
 * (container-libs' common/pkg/timezone/timezone.go).
 */
export function isLocaltimeAddition(added: AddedEntry, choice: ContainerChoice): boolean {
  const { entry, below } = added;
  if (below !== undefined && below.kind !== 'file' && below.kind !== 'link') return false;
  if (entry.kind === 'link') return isMadeLink(entry) && leadsToZone(added);
  return (
    isMadeFile(entry) && !added.isHostOwned && choice.mountDestinations.includes('/etc/localtime')
  );
}

function leadsToZone({ entry, image }: AddedEntry): boolean {
  const target = entry.target ?? '';
  const path = target.slice('../'.length);
  const names = path.split('/');
  if (!target.startsWith(zones) || names.some((name) => name === '' || /^\.\.?$/.test(name)))
    return false;
  const zone = image?.lookup(path);
  return zone?.kind === 'file' || zone?.kind === 'link';
}
