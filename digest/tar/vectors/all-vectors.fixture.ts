import { ends } from './ends.fixture.ts';
import { extendedHeaders } from './extended-headers.fixture.ts';
import { formats } from './formats.fixture.ts';
import { names } from './names.fixture.ts';
import { numbers } from './numbers.fixture.ts';
import { oldSparseFiles } from './old-sparse-files.fixture.ts';
import { paxNumbers } from './pax-numbers.fixture.ts';
import { paxRecords } from './pax-records.fixture.ts';
import { paxSparseFiles } from './pax-sparse-files.fixture.ts';
import { sparseMapsOfLines } from './sparse-maps-of-lines.fixture.ts';
import { types } from './types.fixture.ts';

/** What Go's own tests of archive/tar show, and what lies beside it, each as an archive of its own. */
export const vectors: ReadonlyMap<string, Buffer> = new Map(
  Object.entries({
    ...formats(),
    ...names(),
    ...numbers(),
    ...types(),
    ...paxRecords(),
    ...extendedHeaders(),
    ...paxNumbers(),
    ...ends(),
    ...oldSparseFiles(),
    ...paxSparseFiles(),
    ...sparseMapsOfLines(),
  }).map(([name, parts]) => [name, Buffer.concat(parts)]),
);
