import type { ImageDigest } from '#digest/images/digest-image';
import type { AmbiguityError, Disagreement } from '#digest/layers/layered-rootfs';
import { escapePath } from '#digest/listing-path';
import { platformText } from '#digest/platform';
import type { SourceDigest } from './source-digest.ts';

/** docs/schema/digest.json */
export function describeDigest(source: string, result: SourceDigest): object {
  const { digest, entries, fileBytes, sockets, foreignMounts, image, semantics } = result;
  return {
    source,
    digest,
    entries,
    bytes: fileBytes,
    sockets: sockets.map(escapePath),
    foreignMounts: foreignMounts.map(escapePath),
    ...(image === undefined ? {} : { ...describeImage(image), semantics }),
  };
}

/** docs/schema/digest.json: of an image that has no one digest. */
export function describeAmbiguity(source: string, error: AmbiguityError): object {
  return {
    source,
    portable: false,
    disagreementCount: error.disagreementCount,
    disagreements: error.disagreements.map(describeDisagreement),
  };
}

/** JSON has no undefined: what there is not is absent. */
function describeImage(image: ImageDigest): object {
  const { rootfs, platform, layerCount, manifestDigest, configDigest } = image;
  return {
    portable: rootfs.portable,
    disagreementCount: rootfs.disagreementCount,
    disagreements: rootfs.disagreements.map(describeDisagreement),
    sequential: Object.fromEntries(rootfs.sequential),
    image: { platform: platformText(platform), layers: layerCount, manifestDigest, configDigest },
  };
}

function describeDisagreement({ path, answers }: Disagreement): object {
  return { path: escapePath(path), answers: Object.fromEntries(answers) };
}
