import { testVariables } from './variables.testing.js';

testVariables('drain', {
  TELEFUSER_DRAIN_TIMEOUT_SECONDS: {
    good: [
      ['0', 0],
      ['0.5', 0.5],
      ['86400', 86_400],
    ],
    bad: ['-1', '86401', 'never'],
  },
});
