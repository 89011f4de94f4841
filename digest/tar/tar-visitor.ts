import type { TarHeader } from './tar-header.ts';

/** What a {@link TarReader} tells of an archive, in its order. What is thrown here comes out of the reader unchanged. */
export interface TarVisitor {
  /** A header was read. Content follows, `header.size` bytes of it in data() and hole() together, then end(). */
  header(header: TarHeader): void;
  /** @param chunk valid during the call only, never empty */
  data(chunk: Uint8Array): void;
  /** So many zeros of a sparse file follow, which are not in the archive. */
  hole(length: number): void;
  end(): void;
}
