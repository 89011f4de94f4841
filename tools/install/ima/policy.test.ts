import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ToolError } from '#tools/errors';
import { builtInRules, measuresWhatRootReads } from './built-in-policy.ts';
import { effectivePolicy, type PolicyFacts, requireKept } from './effective-policy.ts';
import { fileBefore, recordRule, ruleUuid, withOurRule, withoutOurRule } from './policy-file.ts';

const UUID = '4f3f2c4e-9d0b-4a52-8a3e-0f6a6f0e9a11';
const RULE = recordRule(UUID);
const nothing: PolicyFacts = {
  commandLine: 'root=/dev/sda1 quiet\n',
  file: undefined,
  inForce: undefined,
  isLoadable: true,
};

function effectivePolicyOf(facts: Partial<PolicyFacts>): string {
  return effectivePolicy({ ...nothing, ...facts });
}

function rulesOf(policy: string): readonly string[] {
  return policy.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

const isRefused = (error: unknown): boolean =>
  error instanceof ToolError && error.code === 'install';

describe('our rule in a policy', () => {
  test('comes first, and is found again', () => {
    const text = withOurRule('dont_measure fsname=ext4\n', RULE);
    assert.ok(text.indexOf(RULE) < text.indexOf('dont_measure'));
    assert.equal(ruleUuid(text), UUID);
    assert.equal(ruleUuid('dont_measure fsname=ext4\n'), undefined);
    assert.equal(ruleUuid(`# ${RULE}\n`), undefined);
    assert.equal(ruleUuid(RULE.replace(' fsname=ext4', '')), undefined);
  });

  test('comes out again and leaves every byte of the others', () => {
    const line = fc.stringMatching(/^[a-z#=^ ]{0,30}$/);
    const policy = fc.array(line).map((lines) => lines.join('\n'));
    fc.assert(
      fc.property(policy, (before) => {
        assert.equal(withoutOurRule(withOurRule(before, RULE)), before);
        assert.equal(fileBefore(withOurRule(before, RULE)), before);
      }),
    );
  });

  test('whose end somebody took away is not cut out by guessing', () => {
    const broken = withOurRule('', RULE).replace('# end oci-measure\n', 'measure uid=0\n');
    assert.throws(() => withoutOurRule(broken), isRefused);
  });
});

describe('the file before', () => {
  test('was not there, where all of it was written out', () => {
    for (const facts of [{}, { commandLine: 'ima_policy=tcb' }, { inForce: 'measure uid=0 \n' }]) {
      assert.equal(fileBefore(withOurRule(effectivePolicyOf(facts), RULE)), undefined);
    }
  });

  test('is kept, with what was written out, where somebody has added to it since', () => {
    const grown = `${withOurRule(effectivePolicyOf({}), RULE)}measure uid=5\n`;
    assert.equal(fileBefore(grown), `${effectivePolicyOf({})}measure uid=5\n`);
  });

  test('was what it is, where our rule is not in it', () => {
    for (const text of ['', 'measure uid=0\n', effectivePolicyOf({})]) {
      assert.equal(fileBefore(text), text);
    }
  });
});

describe('the policy in force', () => {
  test('is nothing on a kernel without ima_policy', () => {
    assert.deepEqual(rulesOf(effectivePolicy(nothing)), []);
  });

  test('of ima_policy=tcb is written out, since loading another ends it', () => {
    const text = effectivePolicy({ ...nothing, commandLine: 'quiet ima_policy=tcb|critical_data' });
    assert.match(text, /^measure func=FILE_CHECK mask=\^MAY_READ uid=0$/m);
    assert.match(text, /^dont_measure fsmagic=0x1021994$/m);
    assert.match(text, /^measure func=CRITICAL_DATA$/m);
  });

  test('has the kernel measure what root reads, records too, with tcb alone', () => {
    assert.ok(measuresWhatRootReads('quiet ima_policy=critical_data|tcb\n'));
    assert.ok(measuresWhatRootReads('ima_tcb'));
    assert.ok(!measuresWhatRootReads('ima_policy=critical_data xima_tcb'));
  });

  test('is that of the first word, where the kernel was given ima_tcb and ima_policy=tcb', () => {
    const older = builtInRules('ima_tcb ima_policy=tcb');
    assert.ok(!older.includes('measure func=POLICY_CHECK'));
    assert.ok(builtInRules('ima_policy=tcb ima_tcb').includes('measure func=POLICY_CHECK'));
  });

  test('is the file that systemd loads, where there is one', () => {
    const file = withOurRule('audit func=BPRM_CHECK\n', RULE);
    const facts = { ...nothing, commandLine: 'ima_policy=tcb', file, isLoadable: false };
    assert.equal(effectivePolicy(facts), 'audit func=BPRM_CHECK\n');
  });

  test('is what the kernel tells, where it tells, without our rule', () => {
    const inForce = `measure uid=0 \n${RULE} \n`;
    assert.deepEqual(rulesOf(effectivePolicyOf({ inForce })), ['measure uid=0 ']);
  });

  test('is not ended by a file that was not loaded yet', () => {
    const facts = { ...nothing, commandLine: 'ima_policy=tcb' };
    const own = 'dont_measure fsname=btrfs\n';
    assert.throws(
      () => requireKept(own, facts),
      /would end a rule in force that it has not: dont_measure/,
    );
    requireKept(own + builtInRules('ima_policy=tcb').join('\n'), facts);
    requireKept(own, nothing);
    requireKept(withOurRule(effectivePolicy(facts), RULE), facts);
  });

  test('is not ended where the kernel tells it, in whatever order', () => {
    const other = recordRule('00000000-0000-4000-8000-000000000000');
    const facts = { ...nothing, inForce: `measure func=BPRM_CHECK uid=0 \n${other} \n` };
    requireKept('measure uid=0 func=BPRM_CHECK\n', facts);
    assert.throws(
      () => requireKept('measure uid=0\n', facts),
      /has not: measure func=BPRM_CHECK uid=0$/,
    );
  });

  for (const [title, facts] of Object.entries({
    'that came from nowhere we know': { ...nothing, isLoadable: false },
    'that appraises': { ...nothing, commandLine: 'ima_policy=appraise_tcb' },
    'that appraises, in the old form': { ...nothing, commandLine: 'ima_appraise_tcb' },
  })) {
    test(`${title} is not replaced`, () => {
      assert.throws(() => effectivePolicy(facts), isRefused);
    });
  }
});
