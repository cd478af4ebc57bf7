import { useEffect, useState, type ReactElement } from 'react';
import type { Place } from '../app/workspace.ts';
import { failureOf } from '../session/failure.ts';
import { useStore } from '../session/store.ts';
import { Field, Switch } from '../ui/Field.tsx';
import { useToast } from '../ui/toast.tsx';
import { CameraPreview } from './CameraPreview.tsx';
import { LevelMeter } from './LevelMeter.tsx';
import type { MediaInput } from './media-inputs.ts';

interface DeviceInputProps {
  readonly input: MediaInput;
  readonly place: Place;
  readonly label: string;
  readonly isOn: boolean;
  readonly onToggle: (isOn: boolean) => void;
}

/** A device on or off, which one, and what it sees or hears; it may be changed while the session runs. */
export function DeviceInput({ input, place, label, isOn, onToggle }: DeviceInputProps): ReactElement {
  const { track, deviceId, error, isOpening } = useStore(input.view);
  const { phase } = useStore(place.session.view);
  const toast = useToast();
  const devices = useDevices(input.kind === 'camera' ? 'videoinput' : 'audioinput', track);
  useEffect(() => {
    // A link may have switched it on.
    if (isOn && input.view.get().track === undefined) void input.open();
    if (!isOn) input.close();
  }, [isOn, input]);
  useEffect(() => {
    const { session } = place.session.view.get();
    // Also what was changed while there was no connection, as soon as there is one again.
    if (session === undefined || phase.name !== 'live') return;
    const set = input.kind === 'camera' ? session.setCamera(track ?? false) : session.setMicrophone(track ?? false);
    set.catch((failure: unknown) => toast(failureOf(failure).title));
  }, [track, input, place, phase.name, toast]);
  const failure = error && failureOf(error);
  return (
    <div className="device">
      <Switch label={label} checked={isOn} onChange={onToggle} />
      {isOn && failure && (
        <p className="field__error" role="alert">
          {failure.title}. {failure.text}
        </p>
      )}
      {isOn && isOpening && <p className="field__hint">Asking the browser…</p>}
      {isOn && track && input.kind === 'camera' && <CameraPreview track={track} />}
      {isOn && track && input.kind === 'microphone' && <LevelMeter track={track} />}
      {isOn && track && devices.length > 0 && (
        <Field label={`${label} device`}>
          {(control) => (
            <select
              {...control}
              className="input"
              value={deviceId ?? ''}
              onChange={({ target }) => void input.open(target.value)}
            >
              {devices.map((device, index) => (
                <option key={device.deviceId} value={device.deviceId}>
                  {device.label === '' ? `${label} ${index + 1}` : device.label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
    </div>
  );
}

/** The devices of a kind; their names are known once one was allowed. */
function useDevices(kind: MediaDeviceKind, track: MediaStreamTrack | undefined): readonly MediaDeviceInfo[] {
  const [devices, setDevices] = useState<readonly MediaDeviceInfo[]>([]);
  useEffect(() => {
    if (!('mediaDevices' in navigator) || track === undefined) return undefined;
    let isOver = false;
    const look = async (): Promise<void> => {
      const all = await navigator.mediaDevices.enumerateDevices();
      if (!isOver) setDevices(all.filter((device) => device.kind === kind));
    };
    const lookAgain = (): void => void look().catch(() => undefined);
    lookAgain();
    navigator.mediaDevices.addEventListener('devicechange', lookAgain);
    return () => {
      isOver = true;
      navigator.mediaDevices.removeEventListener('devicechange', lookAgain);
    };
  }, [kind, track]);
  return devices;
}
