import type { BlobRegion } from '#digest/blobs/layer-source';

/** The files of a stored image by name: of a directory, or of an archive. */
export interface StoredFiles extends Disposable {
  /** For messages: what is searched. */
  readonly label: string;
  /**
   * Where the content of a file is; undefined if there is none. It can be read until the files are disposed of.
   *
   * @param name components joined by `/`, none of them empty, `.` or `..`
   * @throws {DigestError} `image` (it is no file, or leads out), `unreadable`
   */
  find(name: string): BlobRegion | undefined;
}
