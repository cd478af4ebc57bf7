import { TelefuserStreamElement } from './telefuser-stream-element.js';

export { TelefuserStreamElement };

if (typeof customElements !== 'undefined' && customElements.get('telefuser-stream') === undefined) {
  customElements.define('telefuser-stream', TelefuserStreamElement);
}

declare global {
  interface HTMLElementTagNameMap {
    'telefuser-stream': TelefuserStreamElement;
  }
}
