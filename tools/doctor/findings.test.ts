import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingsOf, ok, problem, warning } from './finding.ts';
import { formatFindings } from './findings.ts';

test('findings are told engine by engine, those of the machine first', () => {
  const text = formatFindings([
    ...findingsOf('docker', [warning('runtime-handler', 'none', 'one', 'make one')]),
    ...findingsOf('podman', [ok('engine', 'podman 4', 'podman')]),
    problem('tpm', 'none\u001b[2J', 'one', 'buy one'),
    ...findingsOf('docker', [ok('engine', 'Docker 20', 'Docker')]),
  ]);
  assert.equal(
    text,
    `this machine
problem  tpm              none\\x1b[2J
                          expected: one
                          mend: buy one

podman
ok       engine           podman 4

Docker
warning  runtime-handler  none
                          expected: one
                          mend: make one
ok       engine           Docker 20

1 problem, 1 warning
`,
  );
});

test('where there is nothing to mend, that is said', () => {
  assert.match(formatFindings([ok('tpm', 'one', 'one')]), /\n\nnothing to mend\n$/);
});
