import type { ReactElement } from 'react';
import { isObject, type JsonObject, type JsonValue } from '../json.ts';
import { escapePointer } from './check-field.ts';
import type { FormField, GroupField } from './form-field.ts';
import { SchemaField } from './SchemaField.tsx';

interface SchemaFormProps {
  readonly fields: readonly FormField[];
  /** What was set; the rest is at its default. */
  readonly values: JsonObject;
  /** JSON pointer of the object that the fields are of. */
  readonly pointer: string;
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (values: JsonObject) => void;
}

/** A form that is made of a JSON Schema. A field that is emptied goes back to its default. */
export function SchemaForm({ fields, values, pointer, problems, onChange }: SchemaFormProps): ReactElement {
  const set = (name: string, value: JsonValue | undefined): void => {
    const { [name]: _before, ...others } = values;
    onChange(value === undefined ? others : { ...others, [name]: value });
  };
  return (
    <div className="schema-form">
      {fields.map((field) => {
        const at = `${pointer}/${escapePointer(field.name)}`;
        const value = values[field.name];
        return field.kind === 'group' ? (
          <SchemaGroup
            key={field.name}
            field={field}
            value={value}
            pointer={at}
            problems={problems}
            onChange={(inner) => set(field.name, inner)}
          />
        ) : (
          <SchemaField
            key={field.name}
            field={field}
            value={value}
            error={problems.get(at)}
            onChange={(next) => set(field.name, next)}
          />
        );
      })}
    </div>
  );
}

interface SchemaGroupProps {
  readonly field: GroupField;
  readonly value: JsonValue | undefined;
  readonly pointer: string;
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (value: JsonObject | undefined) => void;
}

function SchemaGroup({ field, value, pointer, problems, onChange }: SchemaGroupProps): ReactElement {
  return (
    <fieldset className="schema-group">
      <legend>{field.title}</legend>
      {field.description !== undefined && <p className="field__hint">{field.description}</p>}
      <SchemaForm
        fields={field.fields}
        values={isObject(value) ? value : {}}
        pointer={pointer}
        problems={problems}
        onChange={(inner) => onChange(Object.keys(inner).length === 0 && !field.required ? undefined : inner)}
      />
    </fieldset>
  );
}
