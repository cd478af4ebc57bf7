import { createContext, useCallback, useContext, useEffect, useState, type ReactElement, type ReactNode } from 'react';

const TOAST_MS = 4000;

const ToastContext = createContext<(text: string) => void>(() => undefined);

/** Says something in passing, also to a screen reader. */
export const useToast = (): ((text: string) => void) => useContext(ToastContext);

export function ToastProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const [toast, setToast] = useState<{ readonly text: string } | undefined>();
  useEffect(() => {
    if (toast === undefined) return undefined;
    const timer = setTimeout(() => setToast(undefined), TOAST_MS);
    return () => clearTimeout(timer);
  }, [toast]);
  const say = useCallback((text: string) => setToast({ text }), []);
  return (
    <ToastContext value={say}>
      {children}
      <div className="toast-area" role="status">
        {toast && <p className="toast">{toast.text}</p>}
      </div>
    </ToastContext>
  );
}
