import { useState, type ReactElement } from 'react';
import type { JsonValue } from '../json.ts';
import { Field, Switch, type FieldControl } from '../../ui/Field.tsx';
import type { ChoiceField, FormField, GroupField, TextField } from './form-field.ts';
import { SchemaNumber } from './SchemaNumber.tsx';

type Leaf = Exclude<FormField, GroupField>;

interface SchemaFieldProps {
  readonly field: Leaf;
  readonly value: JsonValue | undefined;
  readonly error: string | undefined;
  readonly onChange: (value: JsonValue | undefined) => void;
}

/** One property of the schema. */
export function SchemaField({ field, value, error, onChange }: SchemaFieldProps): ReactElement {
  if (field.kind === 'switch') {
    const { title, description } = field;
    return (
      <Switch
        label={title}
        {...(description !== undefined && { hint: description })}
        checked={(value ?? field.default) === true}
        onChange={onChange}
      />
    );
  }
  return (
    <Field label={<FieldTitle field={field} />} hint={field.description} error={error}>
      {(control) => <FieldInput field={field} control={control} value={value} onChange={onChange} />}
    </Field>
  );
}

function FieldTitle({ field }: { readonly field: Leaf }): ReactElement {
  return (
    <>
      {field.title}
      {field.required && field.default === undefined && <span className="field__hint">needed</span>}
    </>
  );
}

interface FieldInputProps {
  readonly field: Exclude<Leaf, { kind: 'switch' }>;
  readonly control: FieldControl;
  readonly value: JsonValue | undefined;
  readonly onChange: (value: JsonValue | undefined) => void;
}

function FieldInput({ field, control, value, onChange }: FieldInputProps): ReactElement {
  switch (field.kind) {
    case 'number':
      return <SchemaNumber field={field} control={control} value={value} onChange={onChange} />;
    case 'choice':
      return <ChoiceInput field={field} control={control} value={value} onChange={onChange} />;
    case 'text':
      return <TextInput field={field} control={control} value={value} onChange={onChange} />;
    case 'json':
      return <JsonInput control={control} value={value ?? field.default} onChange={onChange} />;
    default:
      return field satisfies never;
  }
}

type InputProps<Kind> = Omit<FieldInputProps, 'field'> & { readonly field: Kind };

function TextInput({ field, control, value, onChange }: InputProps<TextField>): ReactElement {
  const props = {
    ...control,
    className: 'input',
    placeholder: typeof field.default === 'string' ? field.default : undefined,
    value: typeof value === 'string' ? value : '',
  };
  const read = (typed: string): void => onChange(typed === '' ? undefined : typed);
  return field.long ? (
    <textarea {...props} rows={3} onChange={({ target }) => read(target.value)} />
  ) : (
    <input {...props} autoComplete="off" onChange={({ target }) => read(target.value)} />
  );
}

function ChoiceInput({ field, control, value, onChange }: InputProps<ChoiceField>): ReactElement {
  const chosen = field.choices.findIndex((choice) => JSON.stringify(choice) === JSON.stringify(value ?? field.default));
  const mayBeEmpty = field.default === undefined && (!field.required || chosen === -1);
  return (
    <select
      {...control}
      className="input"
      value={chosen === -1 ? '' : chosen}
      onChange={({ target }) => onChange(target.value === '' ? undefined : field.choices[Number(target.value)])}
    >
      {mayBeEmpty && <option value="">Not set</option>}
      {field.choices.map((choice, index) => (
        <option key={JSON.stringify(choice)} value={index}>
          {typeof choice === 'string' ? choice : JSON.stringify(choice)}
        </option>
      ))}
    </select>
  );
}

function JsonInput({ control, value, onChange }: Omit<FieldInputProps, 'field'>): ReactElement {
  const [text, setText] = useState(value === undefined ? '' : JSON.stringify(value));
  const [isWrong, setIsWrong] = useState(false);
  return (
    <textarea
      {...control}
      aria-invalid={isWrong || control['aria-invalid']}
      className="input input--mono"
      rows={2}
      spellCheck={false}
      placeholder="JSON"
      value={text}
      onChange={({ target }) => {
        setText(target.value);
        try {
          onChange(target.value.trim() === '' ? undefined : (JSON.parse(target.value) as JsonValue));
          setIsWrong(false);
        } catch {
          setIsWrong(true);
        }
      }}
    />
  );
}
