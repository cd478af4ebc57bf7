import type { ReactElement } from 'react';
import type { RequestPartProps } from '../request/part-props.ts';
import { takes } from '../server/service.ts';
import { Disclosure } from '../ui/Field.tsx';
import { DeviceInput } from './DeviceInput.tsx';

/** Camera and microphone, for a pipeline that sees and hears. */
export function DevicesSection({ place, pipeline, settings, onChange }: RequestPartProps): ReactElement {
  const on = settings.camera && settings.microphone ? 'both on' : settings.camera || settings.microphone ? 'one on' : 'off';
  return (
    <Disclosure title="Camera and microphone" note={on} open>
      {takes(pipeline, 'camera') && (
        <DeviceInput
          input={place.camera}
          place={place}
          label="Camera"
          isOn={settings.camera}
          onToggle={(camera) => onChange({ camera })}
        />
      )}
      {takes(pipeline, 'microphone') && (
        <DeviceInput
          input={place.microphone}
          place={place}
          label="Microphone"
          isOn={settings.microphone}
          onToggle={(microphone) => onChange({ microphone })}
        />
      )}
    </Disclosure>
  );
}
