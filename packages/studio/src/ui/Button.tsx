import type { ComponentProps, ReactElement } from 'react';
import { Icon, type IconName } from './Icon.tsx';

type ButtonProps = Omit<ComponentProps<'button'>, 'className'> & {
  readonly icon?: IconName;
  readonly kind?: 'primary' | 'danger' | 'quiet' | 'record';
  readonly size?: 'large';
};

/** A button with its words. */
export function Button({ icon, kind, size, children, ...rest }: ButtonProps): ReactElement {
  const classes = ['button', kind && `button--${kind}`, size && `button--${size}`].filter(Boolean).join(' ');
  return (
    <button type="button" {...rest} className={classes}>
      {icon && <Icon name={icon} />}
      {children}
    </button>
  );
}

type IconButtonProps = Omit<ComponentProps<'button'>, 'className' | 'aria-label' | 'title' | 'children'> & {
  readonly icon: IconName;
  /** Its name, also shown when a pointer rests on it. */
  readonly label: string;
  readonly kind?: 'quiet' | 'record';
};

/** A button that shows a picture only. */
export function IconButton({ icon, label, kind = 'quiet', ...rest }: IconButtonProps): ReactElement {
  return (
    <button type="button" {...rest} className={`button button--icon button--${kind}`} aria-label={label} title={label}>
      <Icon name={icon} />
    </button>
  );
}
