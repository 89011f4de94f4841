import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { run, scratchRecords } from './records.fixture.ts';

const calls =
  'openat,open,write,pwrite64,fsync,fsetxattr,fchown,fchmod,rename,renameat,renameat2,read,pread64,unlink';

/** The system calls on a record filesystem while a record is shown by a process of its own, with R for its mount point. */
function trace(signed: boolean, times: number): string[] {
  using records = scratchRecords({});
  const { directory, scratch } = records;
  const output = join(scratch, 'trace');
  const script = `
    const { openRecordFilesystem } = await import('#hook/ima/record-filesystem');
    const { showRecord } = await import('#hook/ima/record-file');
    const { imageRecord } = await import('#hook/ima/record');
    openRecordFilesystem('${directory}');
    const record = imageRecord('sha256:${'a'.repeat(64)}');
    for (let time = 0; time < ${times}; time++)
      showRecord(record, '${directory}', ${signed ? 'Uint8Array.of(3, 2)' : 'undefined'});`;
  const node = [process.execPath, '--disable-warning=ExperimentalWarning'];
  const strace = ['-f', '-qq', '-y', '-s', '200', '-e', `trace=${calls}`, '-o', output];
  run('strace', ...strace, ...node, '--input-type=module', '--eval', script);
  return readFileSync(output, 'latin1')
    .split('\n')
    .filter((line) => line.includes(`${directory}/`))
    .map((line) =>
      line
        .replace(/^\d+ +/, '')
        .replaceAll(directory, 'R')
        .replaceAll('a'.repeat(64), 'D')
        .replaceAll(/sha256-D\.\d+/g, 'sha256-D.PID')
        .replaceAll(/AT_FDCWD(<[^>]*>)?, /g, '')
        .replaceAll(/\b\d+</g, '<')
        .replace(/ += .*$/, ''),
    );
}

const image = 'R/images/sha256-D';
const temporary = 'R/containers/.sha256-D.PID';
const content = '"oci-measure.image.v1 sha256:D\\n"';

const making = (signed: boolean): string[] => [
  `unlink("${temporary}")`,
  `openat("${temporary}", O_WRONLY|O_CREAT|O_EXCL|O_NOFOLLOW|O_CLOEXEC, 0600)`,
  `write(<${temporary}>, ${content}, 93)`,
  `fsync(<${temporary}>)`,
  ...(signed ? [`fsetxattr(<${temporary}>, "security.ima", "\\3\\2", 2, 0)`] : []),
  `fchown(<${temporary}>, 65521, 0)`,
  `fchmod(<${temporary}>, 0444)`,
  `rename("${temporary}", "${image}")`,
  'openat("R/images", O_RDONLY|O_NOFOLLOW|O_CLOEXEC|O_DIRECTORY)',
  'fsync(<R/images>)',
];

const opening = [
  `openat("${image}", O_RDONLY|O_NONBLOCK|O_NOFOLLOW|O_CLOEXEC)`,
  `read(<${image}>, ${content}, 94)`,
];

describe('a record', () => {
  it('is made and shown by these system calls in this order, and never opened for reading under another name', () => {
    assert.deepEqual(trace(false, 1), [...making(false), ...opening]);
  });

  it('gets its signature before its owner', () => {
    assert.deepEqual(trace(true, 1), [...making(true), ...opening]);
  });

  it('that is there is opened once, and nothing else', () => {
    assert.deepEqual(trace(false, 2), [...making(false), ...opening, ...opening]);
  });
});
