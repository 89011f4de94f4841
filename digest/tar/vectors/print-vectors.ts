/** For testdata/answers.go: the vectors by name, in base64. */
import { vectors } from './all-vectors.fixture.ts';

const encoded = Array.from(vectors, ([name, archive]) => [name, archive.toString('base64')]);
process.stdout.write(JSON.stringify(Object.fromEntries(encoded)));
