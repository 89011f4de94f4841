import { imageError } from '#digest/images/image-error';
import { complaint, type Validate } from '#digest/json/complaint';
import type { MemberTree } from '#digest/json/member-tree';
import { parseStrictJson } from '#digest/json/strict-json';
import { FOREIGN_TO_INDEX, FOREIGN_TO_MANIFEST } from './foreign-members.ts';
import type {
  DockerArchive,
  ImageConfig,
  ImageIndex,
  ImageLayout,
  ImageManifest,
} from './image.generated.ts';
import {
  configMembers,
  dockerArchiveMembers,
  indexMembers,
  layoutMembers,
  manifestMembers,
} from './members.generated.ts';
import {
  validateDockerArchive,
  validateImageConfig,
  validateImageIndex,
  validateImageLayout,
  validateImageManifest,
} from './validators.generated.js';

/** Reads one kind of document. `what` names it in messages. @throws {DigestError} `image` */
type Parse<T> = (bytes: Uint8Array, what: string) => T;

/** image-layout.md, "oci-layout file". */
export const parseImageLayout: Parse<ImageLayout> = parser(validateImageLayout, layoutMembers);
/** image-index.md; also Docker's manifest list, which has the same members. */
export const parseImageIndex: Parse<ImageIndex> = parser(
  validateImageIndex,
  indexMembers,
  FOREIGN_TO_INDEX,
);
/** manifest.md; also Docker's image manifest, version 2, schema 2. */
export const parseImageManifest: Parse<ImageManifest> = parser(
  validateImageManifest,
  manifestMembers,
  FOREIGN_TO_MANIFEST,
);
/** config.md. */
export const parseImageConfig: Parse<ImageConfig> = parser(validateImageConfig, configMembers);
/** manifest.json of a docker-archive. */
export const parseDockerArchive: Parse<DockerArchive> = parser(
  validateDockerArchive,
  dockerArchiveMembers,
);

/** @param foreign members that are refused */
function parser<T>(
  validate: Validate,
  members: MemberTree,
  foreign: readonly string[] = [],
): Parse<T> {
  const isValid = (value: unknown): value is T => validate(value);
  return (bytes, what) => {
    const value: unknown = parseStrictJson(bytes, { what, members, failure: imageError });
    if (!isValid(value)) {
      throw imageError(`${what} is not as its schema says: ${complaint(validate, value)}`);
    }
    const found = foreign.find((name) => Object.hasOwn(Object(value), name));
    if (found === undefined) return value;
    throw imageError(`${what} has the member "${found}" of another kind of document`);
  };
}
