import type { MeasurementEvent } from '#hook/log/measurement-event';

/** One line about what an event says, for people. Not yet printable: ids, names and reasons are others' text. */
export function summarize(event: MeasurementEvent): string {
  switch (event.type) {
    case 'init': {
      const zero = Object.values(event.found).every((value) => /^0*$/.test(value));
      const start = zero ? 'was zero' : 'had been extended before: a gap';
      return `PCR ${event.pcr} ${start}; version ${event.version}`;
    }
    case 'config':
      return `version ${event.version}, configuration ${event.config}`;
    case 'container':
      return [event.rootfs, ...containerNotes(event)].join(', ');
    case 'skipped':
      return `not measured: ${event.class}`;
    case 'denied':
    case 'allowed':
      return `${event.code}: ${event.reason}`;
    case 'aborted':
      return `did not start; its record is ${event.record}`;
    case 'unlisted':
      return `not in the kernel's measurement list: ${event.reason}`;
    case 'gap':
      return 'somebody else extended the PCR, or records are gone';
  }
}

function containerNotes(
  event: Extract<MeasurementEvent, { type: 'container' }>,
): readonly string[] {
  const changed = event.writable.some((layer) => layer !== 'pristine');
  return [
    ...(event.view === 'merged' ? ['merged view'] : []),
    ...(changed ? ['writable layer changed'] : []),
    ...(event.annotations.image === undefined ? [] : [event.annotations.image]),
  ];
}

/** The container that an event is about. */
export function containerOf(event: MeasurementEvent): string | undefined {
  return 'id' in event ? event.id : undefined;
}
