import { useState, type ReactElement } from 'react';
import { IconButton } from '../ui/Button.tsx';

const THEMES = ['system', 'light', 'dark'] as const;
type Theme = (typeof THEMES)[number];

/** Also read by public/theme.js, before the first paint. */
const KEY = 'telefuser.theme';
const ICONS = { system: 'system', light: 'sun', dark: 'moon' } as const;
const LABELS: Readonly<Record<Theme, string>> = { system: 'Theme: as the system', light: 'Theme: light', dark: 'Theme: dark' };

/** As the system, light or dark, by turns. */
export function ThemeSwitch(): ReactElement {
  const [theme, setTheme] = useState<Theme>(
    () => THEMES.find((name) => name === document.documentElement.dataset['theme']) ?? 'system',
  );
  const next = (): void => {
    const chosen = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'system';
    if (chosen === 'system') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = chosen;
    try {
      localStorage.setItem(KEY, chosen);
    } catch {
      // Then it is chosen for this page only.
    }
    setTheme(chosen);
  };
  return <IconButton icon={ICONS[theme]} label={LABELS[theme]} onClick={next} />;
}
