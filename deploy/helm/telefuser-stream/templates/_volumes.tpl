{{- define "telefuser-stream.volumes" -}}
{{- if ne .Values.pipeline.securityLevel "strict" }}
- name: temporary
  emptyDir: { sizeLimit: {{ .Values.temporary.sizeLimit | quote }} }
{{- end }}
{{- if .Values.gpu.enabled }}
- name: shared-memory
  emptyDir: { medium: Memory, sizeLimit: {{ .Values.gpu.sharedMemory | quote }} }
{{- end }}
{{- with include "telefuser-stream.apiKeysSecret" . }}
- name: api-keys
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret: { secretName: {{ . }}, defaultMode: 0440 }
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "telefuser-stream.mounts" -}}
{{- if ne .Values.pipeline.securityLevel "strict" }}
- { name: temporary, mountPath: /tmp }
{{- end }}
{{- if .Values.gpu.enabled }}
- { name: shared-memory, mountPath: /dev/shm }
{{- end }}
{{- if include "telefuser-stream.apiKeysSecret" . }}
- { name: api-keys, mountPath: /etc/telefuser/api-keys, readOnly: true }
{{- end }}
{{- if .Values.tls.existingSecret }}
- { name: tls, mountPath: /etc/telefuser/tls, readOnly: true }
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end -}}
