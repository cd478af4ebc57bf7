import { useState, type ComponentProps, type ReactElement } from 'react';

interface NumberInputProps extends Omit<ComponentProps<'input'>, 'type' | 'value' | 'onChange' | 'className'> {
  /** Undefined: nothing is said. */
  readonly value: number | undefined;
  readonly onValue: (value: number | undefined) => void;
  readonly unit?: string;
}

/** A number, or nothing. What is typed stays as it is typed; only a number within the bounds is told. */
export function NumberInput({ value, onValue, unit, min, max, ...rest }: NumberInputProps): ReactElement {
  const [text, setText] = useState(value === undefined ? '' : String(value));
  const [told, setTold] = useState(value);
  // Somebody else has set another value: a link, the dice.
  if (value !== told) {
    setTold(value);
    setText(value === undefined ? '' : String(value));
  }
  const read = Number(text);
  const isOut = text !== '' && !(read >= Number(min ?? -Infinity) && read <= Number(max ?? Infinity));
  return (
    <span className="number">
      <input
        {...rest}
        className="input numeric"
        type="number"
        inputMode="decimal"
        min={min}
        max={max}
        value={text}
        aria-invalid={isOut || rest['aria-invalid'] || undefined}
        title={isOut ? `From ${min ?? '…'} to ${max ?? '…'}` : undefined}
        onChange={({ target }) => {
          setText(target.value);
          const number = target.value === '' ? undefined : target.valueAsNumber;
          const isIn = number === undefined || (number >= Number(min ?? -Infinity) && number <= Number(max ?? Infinity));
          if (!isIn) return;
          setTold(number);
          onValue(number);
        }}
      />
      {unit !== undefined && (
        <span className="number__unit" aria-hidden="true">
          {unit}
        </span>
      )}
    </span>
  );
}
