import { useId, type ReactElement } from 'react';
import { defaultTask } from '../server/service.ts';
import { hasOwnField } from '../session/offer.ts';
import { LIMITS } from '../session/settings.ts';
import { IconButton } from '../ui/Button.tsx';
import { Field } from '../ui/Field.tsx';
import type { RequestPartProps } from './part-props.ts';
import { NumberInput } from './NumberInput.tsx';

const MAX_RANDOM_SEED = 2 ** 31 - 1;

/** What nearly every pipeline knows; the one that has a field of its own for it shows that instead. */
export function CommonFields({ pipeline, settings, errors, onChange }: RequestPartProps): ReactElement {
  const tasks = useId();
  const own = (name: string): boolean => hasOwnField(pipeline, name);
  return (
    <div className="common-fields">
      {!own('duration_s') && (
        <Field label="Duration" error={errors.get('/duration_s')}>
          {(control) => (
            <NumberInput
              {...control}
              {...LIMITS.durationSeconds}
              step="any"
              placeholder="open end"
              unit="s"
              value={settings.durationSeconds}
              onValue={(durationSeconds) => onChange({ durationSeconds })}
            />
          )}
        </Field>
      )}
      {!own('fps') && (
        <Field label="Frames a second" error={errors.get('/fps')}>
          {(control) => (
            <NumberInput
              {...control}
              {...LIMITS.fps}
              step="any"
              placeholder={String(pipeline.defaultFps ?? 24)}
              unit="fps"
              value={settings.fps}
              onValue={(fps) => onChange({ fps })}
            />
          )}
        </Field>
      )}
      {!own('seed') && (
        <Field label="Seed" error={errors.get('/seed')}>
          {(control) => (
            <div className="with-button">
              <NumberInput
                {...control}
                {...LIMITS.seed}
                step={1}
                placeholder="any"
                value={settings.seed}
                onValue={(seed) => onChange({ seed })}
              />
              <IconButton
                icon="retry"
                label="Random seed"
                onClick={() => onChange({ seed: Math.floor(Math.random() * MAX_RANDOM_SEED) })}
              />
            </div>
          )}
        </Field>
      )}
      <Field label="Task" error={errors.get('/task')}>
        {(control) => (
          <>
            <input
              {...control}
              className="input"
              list={tasks}
              autoComplete="off"
              maxLength={LIMITS.taskCharacters}
              placeholder={defaultTask(pipeline)}
              value={settings.task}
              onChange={({ target }) => onChange({ task: target.value })}
            />
            <datalist id={tasks}>
              {pipeline.tasks.map((task) => (
                <option key={task} value={task}>
                  {task}
                </option>
              ))}
            </datalist>
          </>
        )}
      </Field>
    </div>
  );
}
