import { useId, useState, type ComponentProps, type ReactElement, type ReactNode } from 'react';
import { Icon } from './Icon.tsx';

/** What a field's control is given, so that label, hint and error belong to it. */
export interface FieldControl {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

interface FieldProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  readonly error?: string | undefined;
  readonly children: (control: FieldControl) => ReactNode;
}

/** A label, a control, what it is for, and what is wrong with it. */
export function Field({ label, hint, error, children }: FieldProps): ReactElement {
  const id = useId();
  const described = [hint !== undefined && `${id}-hint`, error !== undefined && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div className="field">
      <label className="field__label" htmlFor={id}>
        {label}
      </label>
      {children({ id, 'aria-describedby': described || undefined, 'aria-invalid': error === undefined ? undefined : true })}
      {hint !== undefined && (
        <p className="field__hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== undefined && (
        <p className="field__error" id={`${id}-error`}>
          <Icon name="alert" />
          {error}
        </p>
      )}
    </div>
  );
}

interface SwitchProps extends Omit<ComponentProps<'input'>, 'type' | 'role' | 'className' | 'onChange' | 'checked'> {
  readonly label: string;
  readonly hint?: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** On or off, at once. */
export function Switch({ label, hint, checked, onChange, ...rest }: SwitchProps): ReactElement {
  const id = useId();
  return (
    <label className="switch" htmlFor={id}>
      <span className="switch__text">
        <span>{label}</span>
        {hint !== undefined && (
          <span className="field__hint" id={`${id}-hint`}>
            {hint}
          </span>
        )}
      </span>
      <input
        {...rest}
        id={id}
        type="checkbox"
        role="switch"
        aria-checked={checked}
        aria-label={label}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        checked={checked}
        onChange={(event) => onChange(event.target.checked)}
      />
    </label>
  );
}

interface DisclosureProps {
  readonly title: string;
  /** What is set inside, for whom it is closed. */
  readonly note?: string | undefined;
  /** Opens it, at first or later; what closes it is a person. */
  readonly open?: boolean;
  readonly children: ReactNode;
}

/** Less often needed settings, behind their title. */
export function Disclosure({ title, note, open = false, children }: DisclosureProps): ReactElement {
  const [isOpen, setIsOpen] = useState(open);
  const [told, setTold] = useState(open);
  // What is set shows itself; what is set no longer stays under the hands that unset it.
  if (open !== told) {
    setTold(open);
    if (open) setIsOpen(true);
  }
  return (
    <details className="disclosure" open={isOpen} onToggle={({ currentTarget }) => setIsOpen(currentTarget.open)}>
      <summary>
        <Icon name="chevron" />
        {title}
        {note !== undefined && <span className="disclosure__note">{note}</span>}
      </summary>
      <div className="disclosure__body">{children}</div>
    </details>
  );
}
