import { useCallback } from 'react';
import { useToast } from './toast.tsx';

/** Copies a text, and says so. */
export function useCopy(): (text: string, said: string) => void {
  const toast = useToast();
  return useCallback(
    (text, said) => {
      copyText(text).then(
        () => toast(said),
        () => toast('The browser does not allow copying here.'),
      );
    },
    [toast],
  );
}

/** A page by plain HTTP of another machine has no clipboard of its own, only the old command. */
async function copyText(text: string): Promise<void> {
  if (window.isSecureContext) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const area = document.createElement('textarea');
  area.value = text;
  area.className = 'visually-hidden';
  document.body.append(area);
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  if (!isCopied) throw new Error('refused');
}
