import type { JsonValue } from '../json.ts';

interface FieldBase {
  /** The property's name in the object that it belongs to. */
  readonly name: string;
  readonly title: string;
  readonly description: string | undefined;
  readonly required: boolean;
  readonly default: JsonValue | undefined;
}

export interface TextField extends FieldBase {
  readonly kind: 'text';
  readonly long: boolean;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly pattern: string | undefined;
}

export interface NumberField extends FieldBase {
  readonly kind: 'number';
  readonly whole: boolean;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly step: number | undefined;
}

export interface SwitchField extends FieldBase {
  readonly kind: 'switch';
}

export interface ChoiceField extends FieldBase {
  readonly kind: 'choice';
  readonly choices: readonly JsonValue[];
}

export interface GroupField extends FieldBase {
  readonly kind: 'group';
  readonly fields: readonly FormField[];
}

/** What has no better form than its JSON: lists, alternatives. */
export interface JsonField extends FieldBase {
  readonly kind: 'json';
}

/** One field of the form that is made of a pipeline's `config_schema`. */
export type FormField = TextField | NumberField | SwitchField | ChoiceField | GroupField | JsonField;
