import { useState, type ReactElement } from 'react';
import { Field, Disclosure } from '../ui/Field.tsx';
import { changedConfig, configChange, configOf } from '../session/offer.ts';
import { readObject } from './json.ts';
import type { RequestPartProps } from './part-props.ts';
import { checkFields } from './schema/check-field.ts';
import { SchemaForm } from './schema/SchemaForm.tsx';

/** The pipeline's own configuration: a form where it declares a schema, else JSON by hand. */
export function ConfigSection(props: RequestPartProps): ReactElement {
  const { pipeline, settings, errors, onChange } = props;
  const { configFields } = pipeline;
  const values = changedConfig(settings, pipeline);
  const changed = Object.keys(values).length;
  const [isRaw, setIsRaw] = useState(false);
  if (configFields === undefined) {
    return (
      <Disclosure title="Extra config" note={changed > 0 ? `${changed} set` : 'JSON'} open={changed > 0}>
        <JsonEditor {...props} />
      </Disclosure>
    );
  }
  const problems = new Map([...checkFields(configFields, configOf(settings, pipeline), '/config'), ...errors]);
  return (
    <Disclosure title="Pipeline settings" note={changed > 0 ? `${changed} changed` : undefined} open>
      <div className="segmented segmented--end" role="group" aria-label="Way to edit">
        <button type="button" aria-pressed={!isRaw} onClick={() => setIsRaw(false)}>
          Form
        </button>
        <button type="button" aria-pressed={isRaw} onClick={() => setIsRaw(true)}>
          JSON
        </button>
      </div>
      {isRaw ? (
        <JsonEditor {...props} />
      ) : (
        <SchemaForm
          fields={configFields}
          values={values}
          pointer="/config"
          problems={problems}
          onChange={(config) => onChange(configChange(config, pipeline))}
        />
      )}
    </Disclosure>
  );
}

/** The configuration as JSON. Only what can be read is taken over. */
function JsonEditor({ settings, pipeline, errors, onChange }: RequestPartProps): ReactElement {
  const [text, setText] = useState(() => {
    const config = configOf(settings, pipeline);
    return Object.keys(config).length > 0 ? JSON.stringify(config, undefined, 2) : '';
  });
  const read = readObject(text);
  return (
    <Field
      label="Configuration"
      hint="Reaches the pipeline as the offer’s config."
      error={typeof read === 'string' ? read : [...errors].find(([pointer]) => pointer.startsWith('/config'))?.[1]}
    >
      {(control) => (
        <textarea
          {...control}
          className="input input--mono"
          rows={4}
          spellCheck={false}
          placeholder='{"steps": 8}'
          value={text}
          onChange={({ target }) => {
            setText(target.value);
            const config = readObject(target.value);
            if (typeof config !== 'string') onChange(configChange(config, pipeline));
          }}
        />
      )}
    </Field>
  );
}
