import type { ReactElement } from 'react';
import type { JsonValue } from '../json.ts';
import type { FieldControl } from '../../ui/Field.tsx';
import { NumberInput } from '../NumberInput.tsx';
import type { NumberField } from './form-field.ts';

/** Wider ranges are no good on a slider. */
const MAX_SLIDER_STEPS = 1000;
const FINE_STEPS = 100;

interface SchemaNumberProps {
  readonly field: NumberField;
  readonly control: FieldControl;
  readonly value: JsonValue | undefined;
  readonly onChange: (value: JsonValue | undefined) => void;
}

/** A number; with both bounds known also a slider. */
export function SchemaNumber({ field, control, value, onChange }: SchemaNumberProps): ReactElement {
  const { min, max, title } = field;
  const number = typeof value === 'number' ? value : undefined;
  const step = field.step ?? 'any';
  const input = (
    <NumberInput
      {...control}
      step={step}
      value={number}
      onValue={onChange}
      placeholder={typeof field.default === 'number' ? String(field.default) : ''}
    />
  );
  // A range of one value, or of none, has nothing to slide along.
  if (min === undefined || max === undefined || !(max > min)) return input;
  if ((max - min) / (field.step ?? (max - min) / FINE_STEPS) > MAX_SLIDER_STEPS) return input;
  return (
    <div className="slider">
      <input
        type="range"
        min={min}
        max={max}
        step={field.step ?? (max - min) / FINE_STEPS}
        aria-label={`${title}, slider`}
        value={number ?? (typeof field.default === 'number' ? field.default : min)}
        onChange={({ target }) => onChange(Number(target.valueAsNumber.toFixed(6)))}
      />
      {input}
    </div>
  );
}
