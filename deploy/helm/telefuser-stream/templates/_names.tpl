{{- define "telefuser-stream.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{- define "telefuser-stream.fullname" -}}
{{- $name := include "telefuser-stream.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "telefuser-stream.selector" -}}
app.kubernetes.io/name: {{ include "telefuser-stream.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "telefuser-stream.labels" -}}
{{ include "telefuser-stream.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
{{- end -}}

{{- define "telefuser-stream.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "telefuser-stream.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{- define "telefuser-stream.image" -}}
{{- with .Values.image -}}
{{- if .digest -}}
{{ .repository }}@{{ .digest }}
{{- else -}}
{{ .repository }}:{{ default $.Chart.AppVersion .tag }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* What Prometheus calls the pods. The alert rules take jobs that begin with "telefuser". */}}
{{- define "telefuser-stream.job" -}}
telefuser/{{ .Release.Namespace }}/{{ .Release.Name }}
{{- end -}}

{{/* A whole number of the values is a float by the time it is here, and would be printed as 6e+06. */}}
{{- define "telefuser-stream.scalar" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end -}}

{{/* Names of the Secrets: one that exists, else the chart's own; empty where there is neither. */}}
{{- define "telefuser-stream.apiKeysSecret" -}}
{{- with .Values.auth.apiKeys -}}
{{- if .existingSecret -}}{{ .existingSecret }}{{- else if .records -}}{{ include "telefuser-stream.fullname" $ }}-api-keys{{- end -}}
{{- end -}}
{{- end -}}

{{- define "telefuser-stream.turnSecret" -}}
{{- with .Values.media.turn -}}
{{- if .existingSecret -}}{{ .existingSecret }}{{- else if .secret -}}{{ include "telefuser-stream.fullname" $ }}{{- end -}}
{{- end -}}
{{- end -}}

{{- define "telefuser-stream.tokenSecret" -}}
{{- with .Values.auth.streamTokens -}}
{{- if .existingSecret -}}{{ .existingSecret }}{{- else if .secret -}}{{ include "telefuser-stream.fullname" $ }}{{- end -}}
{{- end -}}
{{- end -}}
